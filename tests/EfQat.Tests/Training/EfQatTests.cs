using EfQat.Backward;
using EfQat.Datasets;
using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Training;

public sealed class EfQatTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("efqat-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>64 random images of 1×8×8.</summary>
    private static ImageDataset Data()
    {
        var random = new Random(1);
        var pixels = new byte[64 * 64];
        random.NextBytes(pixels);
        return new("random", "train", pixels, [.. Enumerable.Range(0, 64).Select(_ => (byte)random.Next(10))], 1, 8, 8, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], [0.5f], [0.3f]);
    }

    private static BatchLoader Loader(bool train) => new(Data(), 16, shuffle: train, augment: train, seed: 3);

    private static ResNet Quantized(string scheme = "W4A4")
    {
        manual_seed(4);
        var model = ResNet.Create("resnet20", 1, 10);
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), Loader(train: false).Epoch());
        return model;
    }

    [Fact]
    public void Switched_off_the_quantized_model_is_the_float_model_exactly()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var plain = ResNet.Create("resnet20", 1, 10);
        using var quantized = Quantized();
        Quantize.SetState(quantized, QuantizerState.Off);
        plain.eval();
        quantized.eval();
        var x = Loader(train: false).Epoch().First().Images;
        Assert.True(plain.call(x).Equals(quantized.call(x)));
        Quantize.SetState(quantized, QuantizerState.On);
        Assert.False(plain.call(x).Equals(quantized.call(x)));
    }

    [Theory]
    [InlineData(FreezingMode.ChannelWisePerLayer), InlineData(FreezingMode.ChannelWisePerNetwork), InlineData(FreezingMode.LayerWisePerNetwork)]
    public void Frozen_rows_and_their_scales_do_not_move(FreezingMode mode)
    {
        using var model = Quantized();
        using var rule = new EfQatUpdate(model, new(mode, Ratio: 0.1, Frequency: 1_000_000, LearningRate: 0.1));
        var layers = Quantize.Layers(model);
        var before = layers.Select(layer => layer.CompleteWeight.clone()).ToList();
        Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(Epochs: 2));
        rule.Commit();
        int moved = 0;
        for (int i = 0; i < layers.Count; i++)
        {
            var changed = (layers[i].CompleteWeight - before[i]).abs().flatten(1).amax(1).data<float>().ToArray();
            for (int row = 0; row < changed.Length; row++)
            {
                bool unfrozen = layers[i].Rows.Indices.Contains(row);
                Assert.Equal(unfrozen, changed[row] > 0);
                if (unfrozen) moved++;
            }
        }
        Assert.InRange(moved, 1, layers.Sum(layer => layer.Rows.Total) / 2);
    }

    [Fact]
    public void An_interrupted_run_ends_with_the_bits_of_one_that_was_not()
    {
        Dictionary<string, byte[]> Train(string? checkpoint, int stopAt)
        {
            TrainResult result;
            Dictionary<string, byte[]> bits = [];
            do
            {
                using var model = Quantized();
                using var rule = new EfQatUpdate(model, new(Ratio: 0.25, Frequency: 48, LearningRate: 0.05));
                using var stop = new CancellationTokenSource();
                var options = new TrainOptions(Epochs: 3, Schedule.Cosine(12), Checkpoint: checkpoint, Identity: new Dictionary<string, string> { ["scheme"] = "W4A4" });
                result = Trainer.Run(model, rule, Loader(train: true), Loader(train: false), options, new StopAfter(stopAt, stop), stop.Token);
                rule.Commit();
                bits = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().contiguous().bytes.ToArray());
            } while (result.Interrupted);
            return bits;
        }
        var straight = Train(null, int.MaxValue);
        var resumed = Train(Path.Combine(folder, "a.safetensors"), stopAt: 5);
        foreach (var (name, bits) in straight) Assert.True(bits.AsSpan().SequenceEqual(resumed[name]), name);
    }

    [Fact]
    public void A_checkpoint_of_another_scheme_is_refused()
    {
        string path = Path.Combine(folder, "b.safetensors");
        new CheckpointState { Metadata = { ["scheme"] = "W8A8" } }.Save(path);
        var error = Assert.Throws<UserError>(() => CheckpointState.Load(path, new Dictionary<string, string> { ["scheme"] = "W4A4" }));
        Assert.Contains("scheme is W8A8, this run's is W4A4", error.Message);
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_the_run()
    {
        using var model = Quantized();
        using var rule = new EfQatUpdate(model, new(Ratio: 1, LearningRate: double.PositiveInfinity));
        Assert.Contains("the loss is NaN", Assert.ThrowsAny<Exception>(() => Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(Epochs: 2))).Message);
    }

    [Fact]
    public void A_thousand_steps_leave_no_tensor_behind()
    {
        var scheme = Scheme.Parse("W4A8");
        using var model = new Tiny();
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, Loader(train: false).Epoch());
        using var rule = new EfQatUpdate(model, new(FreezingMode.ChannelWisePerLayer, Ratio: 0.25, Frequency: 160));
        var live = new LiveTensors();
        Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(Epochs: 250), live);  // rows chosen anew every tenth step
        Assert.True(live.Counts[^1] <= live.Counts[1], string.Join(' ', live.Counts));
    }

    [Fact]
    public void Modes_choose_by_mean_magnitude()
    {
        using var scope = NewDisposeScope();
        Tensor[] weights = [tensor(new[] { 1f, -1, 3, 3, 2, -2 }, [3, 2]), tensor(new[] { 9f, 9, 0, 0 }, [2, 2])];
        Assert.Equal([[1L, 2], [0L]], Selection.Choose(weights, FreezingMode.ChannelWisePerLayer, 0.6).Select(rows => rows.Indices));
        Assert.Equal([[1L], [0L]], Selection.Choose(weights, FreezingMode.ChannelWisePerNetwork, 0.4).Select(rows => rows.Indices));
        Assert.Equal([[], [0L, 1]], Selection.Choose(weights, FreezingMode.LayerWisePerNetwork, 0.5).Select(rows => rows.Indices));
        Assert.Throws<UserError>(() => Selection.Choose(weights, FreezingMode.LayerWisePerNetwork, 1.5));
    }

    [Fact]
    public void ResNet20_has_the_papers_parameters()
    {
        // 3·3·(1·16 + 6·16² + 16·32 + 5·32² + 32·64 + 5·64²) + 2·(7·16 + 6·32 + 6·64) + 64·10 + 10, for one input channel
        int expected = 9 * (16 + 6 * 256 + 512 + 5 * 1024 + 2048 + 5 * 4096) + 2 * (112 + 192 + 384) + 650;
        using var model = ResNet.Create("resnet20", 1, 10);
        Assert.Equal(expected, model.parameters().Sum(parameter => parameter.numel()));
        Assert.Contains("layer1.0.conv1.weight", model.state_dict().Keys);
    }

    private sealed class StopAfter(int steps, CancellationTokenSource stop) : ITrainingMonitor
    {
        private int taken;

        public void OnStep(in StepInfo info)
        {
            if (++taken >= steps) stop.Cancel();
        }

        public void OnEvaluation(int epoch, double top1) { }
    }

    private sealed class Tiny : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> steps =
            nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10));

        public Tiny() : base(nameof(Tiny)) => RegisterComponents();

        public override Tensor forward(Tensor input) => steps.call(input);
    }

    private sealed class LiveTensors : ITrainingMonitor
    {
        public List<long> Counts { get; } = [];

        public void OnStep(in StepInfo info) { }

        public void OnEvaluation(int epoch, double top1) => Counts.Add(TestData.LiveTensors());
    }
}
