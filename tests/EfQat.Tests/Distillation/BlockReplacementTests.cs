using EfQat.Backward;
using EfQat.Datasets;
using EfQat.Distillation;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;
using TorchSharp.Modules;

namespace EfQat.Tests.Distillation;

public sealed class BlockReplacementTests
{
    private const int Count = 11;  // stem, nine residual blocks, head
    private static readonly BlockReplacementOptions Prefix = new(), Single = Prefix with { Form = ReplacementForm.Single };

    public static TheoryData<ReplacementForm> Forms => [ReplacementForm.Prefix, ReplacementForm.Single];

    private static Batch Images()
    {
        manual_seed(5);
        return new(randn(8, 1, 12, 12), tensor([0L, 1, 2, 3, 0, 1, 2, 3]));
    }

    /// <summary>A float network with statistics of its own, and its quantized twin.</summary>
    private static (ResNet Full, ResNet Low) Networks(string bits = "W2A2")
    {
        manual_seed(6);
        var full = ResNet.Create("resnet20", 1, 4);
        for (int i = 0; i < 3; i++) full.call(Images().Images);
        full.eval();
        var low = ResNet.Create("resnet20", 1, 4);
        low.load_state_dict(full.state_dict());
        var scheme = Scheme.Parse(bits);
        Quantize.Prepare(low, scheme);
        Quantize.Calibrate(low, scheme, [Images()]);
        return (full, low);
    }

    private static void AssertEqual(Tensor expected, Tensor actual) => Assert.True(expected.eq(actual).all().item<bool>());

    [Fact]
    public void Without_a_low_precision_block_it_is_the_full_precision_network_and_without_another_the_low_one()
    {
        var (full, low) = Networks();
        var x = Images().Images;
        low.eval();
        var partner = new Partner(full);
        AssertEqual(full.call(x), partner.Suffix(0, x));
        AssertEqual(full.call(x), partner.Logits(x));
        AssertEqual(low.call(x), partner.Suffix(Count, low.Blocks.Aggregate(x, (h, block) => block.Forward(h))));
    }

    [Fact]
    public void Only_the_outputs_asked_for_are_kept()
    {
        var (full, _) = Networks();
        var x = Images().Images;
        var partner = new Partner(full);
        using var scope = NewDisposeScope();
        var outputs = partner.Outputs(x, [3, 0, 2, 3]);
        Assert.Equal(2, scope.DisposablesCount);
        Assert.Equal([0, 2, 3], outputs.Keys.Order());
        Assert.Same(x, outputs[0]);
        AssertEqual(full.Blocks[1].Forward(full.Blocks[0].Forward(x)), outputs[2]);
        AssertEqual(full.Blocks[2].Forward(outputs[2]), outputs[3]);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void With_quantization_off_every_mixed_network_is_the_full_precision_one(ReplacementForm form)
    {
        var (full, low) = Networks();
        low.eval();
        Quantize.SetState(low, QuantizerState.Off);
        var batch = Images();
        double crossEntropy = nn.functional.cross_entropy(full.call(batch.Images), batch.Labels).item<float>();
        var (_, loss) = new BlockReplacement(new(full), Prefix with { Form = form, EveryBlock = true }).Of(low, batch, 0);
        Assert.Equal(2 * crossEntropy, loss.item<float>(), 1e-5);  // no divergence, and CE(Q) = CE(MP_k) = CE(F)
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_loss_is_the_sum_of_its_terms(ReplacementForm form)
    {
        var (full, low) = Networks();
        low.eval();
        var batch = Images();
        var partner = new Partner(full);
        var options = Prefix with { Form = form, Distillation = 0.3, MixedCrossEntropy = 0.5, MixedDivergence = 2, Divergence = new(3), EveryBlock = true };
        double expected = CrossEntropy(low.call(batch.Images)) + 0.3 * Divergence(low.call(batch.Images));
        for (int k = 1; k < Count; k++)
        {
            var mixed = Mixed(k);
            expected += (0.5 * CrossEntropy(mixed) + 2 * Divergence(mixed)) / (Count - 1);
        }
        Assert.Equal(expected, new BlockReplacement(partner, options).Of(low, batch, 0).Loss.item<float>(), 1e-4 * expected);

        Tensor Mixed(int k)
        {
            var (lows, fulls) = (low.Blocks, full.Blocks);
            var (x, h) = (batch.Images, batch.Images);
            for (int i = 0; i < Count; i++)
            {
                bool isLow = form == ReplacementForm.Prefix ? i < k : i == k - 1;
                if (isLow && form == ReplacementForm.Single && GridTag.Of(h) is { } tag)
                {
                    var q = ((x / tag.Scale).round() + tag.ZeroPoint).clamp(tag.Grid.QMin, tag.Grid.QMax);
                    x = (q - tag.ZeroPoint) * tag.Scale;
                    GridTag.Attach(x, tag with { Codes = (q - tag.Grid.QMin).to(uint8) });
                }
                x = (isLow ? lows : fulls)[i].Forward(x);
                h = lows[i].Forward(h);
            }
            return x;
        }
        double CrossEntropy(Tensor logits) => nn.functional.cross_entropy(logits, batch.Labels).item<float>();
        double Divergence(Tensor logits) => new Divergence(3).Of(full.call(batch.Images), logits).item<float>();
    }

    [Theory]
    [InlineData(ReplacementForm.Prefix, false)]
    [InlineData(ReplacementForm.Prefix, true)]
    [InlineData(ReplacementForm.Single, true)]
    public void The_partner_does_not_move_and_every_low_precision_weight_is_taught(ReplacementForm form, bool batchStatistics)
    {
        var (full, low) = Networks();
        var before = full.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        low.train();
        var guide = new BlockReplacement(new(full), Prefix with { Form = form, EveryBlock = true, BatchStatistics = batchStatistics });
        guide.Of(low, Images(), 0).Loss.backward();
        Assert.All(full.parameters(), parameter => Assert.Null(parameter.grad));
        Assert.All(full.modules().OfType<BatchNorm2d>(), norm => Assert.False(norm.training));
        foreach (var (name, value) in full.state_dict().Where(pair => !pair.Key.EndsWith("num_batches_tracked"))) AssertEqual(before[name], value);
        Assert.All(Quantize.Layers(low), layer => Assert.True(layer.TrainedWeight!.grad!.abs().sum().item<float>() > 0));
    }

    [Fact]
    public void Gradients_reach_a_block_through_the_full_precision_suffix()
    {
        var (full, low) = Networks();
        var batch = Images();
        low.eval();
        var partner = new Partner(full);
        var h = low.Blocks.Take(4).Aggregate(batch.Images, (x, block) => block.Forward(x)).detach().requires_grad_();
        nn.functional.cross_entropy(partner.Suffix(4, h), batch.Labels).backward();
        double slope = 0, step = 1e-2;  // along the gradient, by differences
        var direction = h.grad! / h.grad!.norm();
        using (no_grad())
            slope = (At(step) - At(-step)) / (2 * step);
        Assert.Equal(h.grad!.norm().item<float>(), slope, 0.02 * slope);

        double At(double t) => nn.functional.cross_entropy(full.Blocks.Skip(4).Aggregate(h + direction * t, (x, block) => block.Forward(x)), batch.Labels).item<float>();
    }

    [Fact]
    public void The_block_of_a_step_depends_on_the_step_alone()
    {
        var (full, low) = Networks();
        low.eval();
        var guide = new BlockReplacement(new(full), Prefix);
        float[] first = Losses(), second = Losses();
        Assert.Equal(first, second);
        Assert.InRange(first.Distinct().Count(), 7, Count - 1);

        float[] Losses() => [.. Enumerable.Range(0, 40).Select(step => guide.Of(low, Images(), step).Loss.item<float>())];
    }

    [Fact]
    public void It_works_with_a_partial_backward()
    {
        var (full, low) = Networks();
        low.train();
        foreach (var layer in Quantize.Layers(low)) layer.Freeze(RowSet.Of(layer.Rows.Total, [1]));
        new BlockReplacement(new(full), Prefix).Of(low, Images(), 0).Loss.backward();
        Assert.All(Quantize.Layers(low), layer => Assert.Equal(1, layer.TrainedWeight!.grad!.shape[0]));
    }

    [Fact]
    public void A_network_of_other_blocks_is_refused()
    {
        var (full, _) = Networks();
        var other = ResNet.Create("resnet32", 1, 4);
        Assert.Contains("17 blocks", Assert.Throws<UserError>(() => new BlockReplacement(new(full), Prefix).Of(other, Images(), 0)).Message);
        Assert.Contains("IBlockwise", Assert.Throws<UserError>(() => new Partner(nn.Sequential(nn.Linear(2, 2)))).Message);
    }

    [Fact]
    public void A_run_that_dies_ends_with_the_bits_of_one_that_does_not()
    {
        string folder = Directory.CreateTempSubdirectory("efqat-").FullName;
        try
        {
            var random = new Random(1);
            byte[] labels = [.. Enumerable.Range(0, 48).Select(_ => (byte)random.Next(4))];
            byte[] pixels = [.. labels.SelectMany(label => Enumerable.Range(0, 144).Select(_ => (byte)(50 * label + random.Next(50))))];
            ImageDataset data = new("brightness", "train", pixels, labels, 1, 12, 12, ["0", "1", "2", "3"], [0.4f], [0.25f]);
            string checkpoint = Path.Combine(folder, "training.safetensors");
            var straight = Train(null, stopAt: 0).Model;
            Assert.True(Train(checkpoint, stopAt: 3).Result.Interrupted);
            var resumed = Train(checkpoint, stopAt: 0).Model;
            foreach (var (name, value) in straight.state_dict()) AssertEqual(value, resumed.state_dict()[name]);

            (ResNet Model, TrainResult Result) Train(string? file, int stopAt)
            {
                var (full, low) = Networks("W3A3");
                using var rule = new EfQatUpdate(low, new(Ratio: 0.5, LearningRate: 1e-2));
                var stop = new StopAt(stopAt);
                TrainOptions options = new(2, Objective: new BlockReplacement(new(full), Single), Checkpoint: file);
                BatchLoader loader = new(data, 16, shuffle: true, augment: true, seed: 3);
                var result = Trainer.Run(low, rule, loader, loader, options, stop, stop.Token);
                rule.Commit();
                return (low, result);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class StopAt(int step) : ITrainingMonitor
    {
        private readonly CancellationTokenSource source = new();

        public CancellationToken Token => source.Token;

        public void OnStep(in StepInfo info)
        {
            if (info.Step == step) source.Cancel();
        }

        public void OnEvaluation(int epoch, double top1) { }
    }
}
