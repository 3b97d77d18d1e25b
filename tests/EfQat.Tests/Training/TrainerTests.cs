using EfQat.Datasets;
using EfQat.Training;

namespace EfQat.Tests.Training;

/// <summary>The training loop on a small model with dropout, so that the random generator's state matters.</summary>
public sealed class TrainerTests : IDisposable
{
    private const int StepsPerEpoch = 4;
    private readonly string folder = Directory.CreateTempSubdirectory("efqat-").FullName;

    private string Checkpoint => Path.Combine(folder, "training.safetensors");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>64 images of 1×8×8 whose brightness tells their class.</summary>
    private static BatchLoader Loader(bool train)
    {
        var random = new Random(1);
        byte[] labels = [.. Enumerable.Range(0, 64).Select(_ => (byte)random.Next(4))];
        byte[] pixels = [.. labels.SelectMany(label => Enumerable.Range(0, 64).Select(_ => (byte)(50 * label + random.Next(50))))];
        return new(new("brightness", "train", pixels, labels, 1, 8, 8, ["0", "1", "2", "3"], [0.4f], [0.25f]), 16, shuffle: train, augment: train, seed: 3);
    }

    private static nn.Module<Tensor, Tensor> Model()
    {
        manual_seed(4);
        return nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4));
    }

    private static TrainResult Train(nn.Module<Tensor, Tensor> model, TrainOptions options, double learningRate = 0.1, Monitor? monitor = null)
    {
        using var rule = new Fp32Update(model, learningRate);
        return Trainer.Run(model, rule, Loader(train: true), Loader(train: false), options, monitor, monitor?.Stop.Token ?? default);
    }

    private static Dictionary<string, byte[]> Bits(nn.Module model) =>
        model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().contiguous().bytes.ToArray());

    private static void AssertSame(Dictionary<string, byte[]> expected, nn.Module model)
    {
        var actual = Bits(model);
        Assert.All(expected, pair => Assert.True(pair.Value.AsSpan().SequenceEqual(actual[pair.Key]), pair.Key));
    }

    private TrainOptions Saving(int epochs, double saveEvery = 60) => new(epochs, Schedule.Cosine(epochs * StepsPerEpoch), Checkpoint: Checkpoint, SaveEvery: saveEvery);

    [Fact]
    public void It_learns()
    {
        using var model = Model();
        Assert.InRange(Train(model, new(40, Schedule.Cosine(40 * StepsPerEpoch, warmup: 8))).Top1, 90, 100);  // by chance: 25
    }

    [Fact]
    public void After_the_last_step_BatchNorms_statistics_are_averaged_anew()
    {
        var asked = Model();
        Train(asked, new(2, BatchNormBatches: 3));
        var afterwards = Model();
        Train(afterwards, new(2));
        Assert.NotEqual(Bits(afterwards)["1.running_mean"], Bits(asked)["1.running_mean"]);
        BatchNormStatistics.Reestimate(afterwards, Loader(train: true).Epoch(2).Take(3));
        AssertSame(Bits(afterwards), asked);
    }

    [Fact]
    public void A_run_that_dies_ends_with_the_bits_of_one_that_does_not()
    {
        using var straight = Model();
        Train(straight, Saving(3) with { Checkpoint = null });
        var expected = Bits(straight);

        using (var dying = Model())
            Assert.Throws<Death>(() => Train(dying, Saving(3, saveEvery: 0), monitor: new() { Step = info => { if (info.Step == 7) throw new Death(); } }));
        using var model = Model();
        var steps = new List<long>();
        Train(model, Saving(3), monitor: new() { Step = info => steps.Add(info.Step) });
        Assert.Equal([7, 8, 9, 10, 11, 12], steps);  // step 7 had not been saved
        AssertSame(expected, model);
    }

    [Fact]
    public void Stopped_during_an_evaluation_the_epoch_is_kept()
    {
        var monitor = new Monitor();
        using var model = new StopsInEvaluation(Model(), monitor.Stop);
        Assert.True(Train(model, Saving(2), monitor: monitor).Interrupted);
        Assert.Equal($"{StepsPerEpoch}", SafeTensors.Read(Checkpoint).Metadata["step"]);
    }

    [Fact]
    public void Cancelled_before_the_evaluation_of_a_finished_run_it_says_so()
    {
        using var model = Model();
        double top1 = Train(model, Saving(1)).Top1;
        using var again = Model();
        var monitor = new Monitor();
        monitor.Stop.Cancel();
        Assert.True(Train(again, Saving(1), monitor: monitor).Interrupted);
        var result = Train(again, Saving(1));
        Assert.Equal((top1, false, StepsPerEpoch), (result.Top1, result.Interrupted, result.Steps));
    }

    [Fact]
    public void A_checkpoint_never_holds_weights_that_are_no_numbers()
    {
        using (var good = Model())
            Train(good, Saving(1));
        byte[] before = File.ReadAllBytes(Checkpoint);
        using var model = Model();
        var error = Assert.Throws<UserError>(() => Train(model, Saving(2, saveEvery: 0) with { Schedule = null }, learningRate: double.PositiveInfinity));
        Assert.Matches($"^step {StepsPerEpoch + 1}: model.0.weight has become NaN or infinite; ", error.Message);
        Assert.Contains($"The last good checkpoint is {Checkpoint}", error.Message);
        Assert.Equal(before, File.ReadAllBytes(Checkpoint));
    }

    [Fact]
    public void A_loss_that_is_no_number_names_the_step()
    {
        using var model = Model();
        var error = Assert.Throws<UserError>(() => Train(model, new(2), learningRate: double.PositiveInfinity));
        Assert.Contains("step 1: the loss is NaN", error.Message);
        Assert.Contains("Nothing was saved", error.Message);
    }

    [Theory]
    [InlineData("model.0.weight", "missing [0.weight]")]
    [InlineData("rule.0.weight.0", "'rule.0.weight.0'")]
    [InlineData("rng", "'rng'")]
    public void A_checkpoint_that_lacks_a_tensor_is_refused(string lacking, string problem)
    {
        using var model = Model();
        Train(model, Saving(1));
        var (tensors, metadata) = SafeTensors.Read(Checkpoint);
        tensors.Remove(lacking);
        SafeTensors.Write(Checkpoint, tensors, metadata);
        var error = Assert.Throws<UserError>(() => Train(model, Saving(1)));
        Assert.StartsWith($"{Checkpoint}: it is no checkpoint of this training", error.Message);
        Assert.Contains(problem, error.Message);
        Assert.Contains("another --out", error.Message);
    }

    [Fact]
    public void A_checkpoint_with_tensors_of_other_shapes_is_refused()
    {
        using var model = Model();
        Train(model, Saving(1));
        using var wider = nn.Sequential(nn.Conv2d(1, 9, 3), nn.BatchNorm2d(9), nn.ReLU(), nn.Dropout(0.2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(9, 4));
        Assert.Contains("0.weight has shape [8, 1, 3, 3]", Assert.Throws<UserError>(() => Train(wider, Saving(1))).Message);
    }

    [Fact]
    public void Fewer_samples_than_a_batch_are_refused()
    {
        using var model = Model();
        using var rule = new Fp32Update(model);
        var few = new BatchLoader(Loader(train: true).Data.Subset(15, seed: 1), 16, shuffle: true);
        Assert.Contains("15 samples do not fill a batch of 16", Assert.Throws<UserError>(() => Trainer.Run(model, rule, few, few, new(1))).Message);
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_refused()
    {
        using var model = Model();
        Train(model, Saving(1) with { Identity = new Dictionary<string, string> { ["model"] = "resnet20" } });
        var error = Assert.Throws<UserError>(() => Train(model, Saving(1) with { Identity = new Dictionary<string, string> { ["model"] = "resnet56" } }));
        Assert.Contains("its model is resnet20, this run's is resnet56", error.Message);
    }

    [Fact]
    public void A_thousand_steps_leave_no_tensor_behind()
    {
        using var model = Model();
        List<long> live = [];
        Train(model, new(250), monitor: new() { Evaluation = _ => live.Add(TestData.LiveTensors()) });
        Assert.True(live[^1] <= live[1], string.Join(' ', live));
    }

    private sealed class Death : Exception;

    private sealed class StopsInEvaluation : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> model;
        private readonly CancellationTokenSource stop;

        public StopsInEvaluation(nn.Module<Tensor, Tensor> model, CancellationTokenSource stop) : base(nameof(StopsInEvaluation))
        {
            (this.model, this.stop) = (model, stop);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            if (!training) stop.Cancel();
            return model.call(input);
        }
    }

    private sealed class Monitor : ITrainingMonitor
    {
        public CancellationTokenSource Stop { get; } = new();

        public Action<StepInfo>? Step { get; init; }

        public Action<int>? Evaluation { get; set; }

        public void OnStep(in StepInfo info) => Step?.Invoke(info);

        public void OnEvaluation(int epoch, double top1) => Evaluation?.Invoke(epoch);
    }
}
