using EfQat.Backward;
using EfQat.Datasets;
using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Models;

public sealed class BertTests : IDisposable
{
    private static readonly BertSize Tiny = new(Layers: 2, Hidden: 16, Heads: 2, Intermediate: 32, Vocabulary: 20, Positions: 16);

    private readonly string folder = Directory.CreateTempSubdirectory("efqat-bert-").FullName;

    private string Weights => Path.Combine(folder, "model.safetensors");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>64 sentences of 2 to 9 tokens; the class says whether token 5 is among them.</summary>
    private static TokenLoader Loader(bool train)
    {
        var random = new Random(1);
        return new("fives", [.. Enumerable.Range(0, 64).Select(i =>
        {
            int[] tokens = [2, .. Enumerable.Range(0, random.Next(2, 10)).Select(_ => random.Next(6, 20)), 3];
            if (i % 2 == 1) tokens[random.Next(1, tokens.Length - 1)] = 5;
            return new TokenSequence(tokens, tokens.Length, [i % 2]);
        })], 16, shuffle: train, seed: 3);
    }

    private static BertForSequenceClassification Model(long seed = 4, BertSize? size = null)
    {
        manual_seed(seed);
        return new(size ?? Tiny, 2);
    }

    private static BertForSequenceClassification Quantized(string scheme)
    {
        var model = Model();
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), Loader(train: false).Epoch());
        return model;
    }

    private static Dictionary<string, byte[]> Bits(nn.Module model) =>
        model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().contiguous().bytes.ToArray());

    [Fact]
    public void Base_has_the_parameters_of_the_published_model()
    {
        // Hugging Face's bert-base-uncased: 109,482,240 with its pooler.
        using var model = new BertForSequenceClassification(BertSize.Base with { Layers = 1 }, 2);
        long one = model.named_parameters().Where(pair => pair.name.StartsWith("bert.encoder.")).Sum(pair => pair.parameter.numel());
        long rest = model.named_parameters().Where(pair => pair.name.StartsWith("bert.")).Sum(pair => pair.parameter.numel()) - one;
        Assert.Equal(109_482_240, rest + 12 * one);
        Assert.Contains("bert.encoder.layer.0.attention.self.query.weight", model.state_dict().Keys);
    }

    [Fact]
    public void Padding_changes_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        model.eval();
        var batch = Loader(train: false).Epoch().First().Images;  // the longest has 11 tokens
        var first = batch.narrow(0, 0, 1);
        long length = first.select(1, 2).sum().item<long>();
        Assert.InRange(length, 1, batch.shape[2] - 1);
        var difference = model.call(batch).narrow(0, 0, 1) - model.call(first.narrow(2, 0, length));
        Assert.InRange(difference.abs().max().item<float>(), 0, 1e-6);
    }

    [Fact]
    public void Inputs_longer_than_the_position_table_are_refused()
    {
        using var model = Model();
        Assert.Contains("17 tokens, the model takes 16", Assert.Throws<UserError>(() => model.call(ones([1, 3, 17], int64))).Message);
        Assert.Contains("must divide", Assert.Throws<UserError>(() => Model(size: Tiny with { Heads = 3 })).Message);
    }

    [Fact]
    public void Weights_are_found_by_old_names_and_without_prefix()
    {
        using var scope = NewDisposeScope();
        using var origin = Model(seed: 1);
        using var target = Model(seed: 2);
        string Old(string name) => name["bert.".Length..].Replace("LayerNorm.weight", "LayerNorm.gamma").Replace("LayerNorm.bias", "LayerNorm.beta");
        var file = origin.state_dict().Where(pair => pair.Key.StartsWith("bert.") && !pair.Key.Contains("key.bias"))
            .ToDictionary(pair => Old(pair.Key), pair => pair.Value);
        file["embeddings.position_ids"] = arange(16);
        SafeTensors.Write(Weights, file, new Dictionary<string, string>());
        var (before, report) = (Bits(target), BertWeights.Load(target, Weights));
        Assert.Equal(
            [.. Enumerable.Range(0, 2).Select(i => $"bert.encoder.layer.{i}.attention.self.key.bias"), "classifier.weight", "classifier.bias"],
            report.Missing);
        Assert.Equal(["embeddings.position_ids"], report.Unexpected);
        var (source, after) = (Bits(origin), Bits(target));
        Assert.All(after, pair => Assert.Equal(report.Missing.Contains(pair.Key) ? before[pair.Key] : source[pair.Key], pair.Value));
    }

    [Fact]
    public void Weights_of_another_model_are_refused()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var wider = Model(size: Tiny with { Intermediate = 48 });
        SafeTensors.Write(Weights, wider.state_dict(), new Dictionary<string, string>());
        string Refusal() => Assert.Throws<UserError>(() => BertWeights.Load(model, Weights)).Message;
        Assert.Contains("intermediate.dense.weight has shape [48, 16], the model's is [32, 16]", Refusal());
        SafeTensors.Write(Weights, new Dictionary<string, Tensor> { ["conv1.weight"] = ones(1) }, new Dictionary<string, string>());
        Assert.Contains("no tensor has a name of", Refusal());
    }

    [Fact]
    public void Every_linear_layer_is_quantized_and_a_shared_input_once()
    {
        using var model = Model();
        Assert.Equal(2 * 6 + 2, Quantize.Prepare(model, Scheme.Parse("W4A8")).Count);  // pooler and classifier besides the layers' six
        Quantize.Calibrate(model, Scheme.Parse("W4A8"), Loader(train: false).Epoch());
        model.call(Loader(train: false).Epoch().First().Images).sum().backward();
        Assert.Equal(
            ["attention.self.input", "attention.output.dense.input", "intermediate.dense.input", "output.dense.input"],
            model.named_modules().Where(pair => pair.module is FakeQuantize && pair.name.Contains("layer.1."))
                .Where(pair => pair.module.parameters().All(parameter => parameter.grad is not null))
                .Select(pair => pair.name["bert.encoder.layer.1.".Length..]));
    }

    [Fact]
    public void The_first_layer_is_query_key_and_value_together()
    {
        using var model = Model();
        Quantize.Prepare(model, Scheme.Parse("W4A4"));
        string[] eight = [.. model.named_modules().Where(pair => pair.module is QuantizedLayer { WeightGrid.Bits: 8 } or FakeQuantize { Grid.Bits: 8 }).Select(pair => pair.name)];
        string[] first = ["input", "query", "query.input", "key", "key.input", "value", "value.input"];
        Assert.Equal([.. first.Select(name => $"bert.encoder.layer.0.attention.self.{name}"), "classifier", "classifier.input"], eight);
    }

    [Fact]
    public void Switched_off_the_quantized_model_is_the_float_model_exactly()
    {
        using var scope = NewDisposeScope();
        using var plain = Model();
        using var quantized = Quantized("W4A8");
        var x = Loader(train: false).Epoch().First().Images;
        plain.eval();
        Assert.False(plain.call(x).Equals(quantized.call(x)));
        Quantize.SetState(quantized, QuantizerState.Off);
        Assert.True(plain.call(x).Equals(quantized.call(x)));
    }

    [Fact]
    public void Unfrozen_rows_have_the_gradient_of_full_training_and_the_others_none()
    {
        using var scope = NewDisposeScope();
        using var model = Quantized("W8A8");
        var batch = Loader(train: false).Epoch().First();
        var layers = Quantize.Layers(model);
        void Backward()
        {
            model.zero_grad();
            nn.functional.cross_entropy(model.call(batch.Images), batch.Labels).backward();
        }
        Backward();
        var full = layers.Select(layer => layer.TrainedWeight!.grad!.clone()).ToArray();
        new FreezingSchedule(layers, FreezingMode.ChannelWisePerNetwork, ratio: 0.3).Step(0);
        var before = MultiplyAdds.Now;
        Backward();
        Assert.Contains(layers, layer => layer.Rows is { IsAll: false, IsNone: false });
        long words = batch.Images.shape[0] * batch.Images.shape[2], work = 0;
        for (int i = 0; i < layers.Count; i++)
        {
            if (layers[i].TrainedWeight is not { } trained) continue;
            var rows = layers[i].RowIndex is { } index ? full[i].index_select(0, index) : full[i];
            Assert.InRange((rows - trained.grad!).abs().max().item<float>(), 0, 1e-6 * (1 + rows.abs().max().item<float>()));
            work += trained.numel() * (i < layers.Count - 2 ? words : batch.Images.shape[0]);  // pooler and classifier see one token
        }
        Assert.Equal(work, (MultiplyAdds.Now - before).WeightGradient);
    }

    [Fact]
    public void It_learns_in_floats_and_quantized()
    {
        var size = Tiny with { Dropout = 0 };
        using var model = Model(size: size);
        using (var rule = new Fp32Update(model, learningRate: 3e-3, weightRule: WeightRule.AdamW))
            Assert.InRange(Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(40)).Top1, 90, 100);  // by chance: 50
        var scheme = Scheme.Parse("W4A4");
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, Loader(train: false).Epoch());
        var losses = new Losses();
        using (var rule = new EfQatUpdate(model, new(Ratio: 0.25, LearningRate: 1e-3, WeightRule: WeightRule.AdamW)))
            Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(10), losses);
        Assert.InRange(losses.Values[^4..].Average(), 0, 0.5 * losses.Values[..4].Average());
    }

    [Fact]
    public void An_interrupted_run_ends_with_the_bits_of_one_that_was_not()
    {
        Dictionary<string, byte[]> Train(string? checkpoint, int stopAt)
        {
            while (true)
            {
                using var model = Quantized("W4A8");
                using var rule = new EfQatUpdate(model, new(Ratio: 0.25, Frequency: 48, WeightRule: WeightRule.AdamW));
                using var stop = new CancellationTokenSource();
                var monitor = new Losses { Stop = (stopAt, stop) };
                var result = Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(3, Checkpoint: checkpoint), monitor, stop.Token);
                if (result.Interrupted) continue;
                rule.Commit();
                return Bits(model);
            }
        }
        var straight = Train(null, int.MaxValue);
        var resumed = Train(Path.Combine(folder, "training.safetensors"), stopAt: 5);
        foreach (var (name, bits) in straight) Assert.True(bits.AsSpan().SequenceEqual(resumed[name]), name);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Embeddings_are_trained_where_asked(bool train)
    {
        using var model = Quantized("W4A8");
        using var rule = new EfQatUpdate(model, new(TrainEmbeddings: train, WeightRule: WeightRule.AdamW));
        var before = Bits(model);
        Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(1));
        var after = Bits(model);
        foreach (string table in (string[])["word", "position", "token_type"])
            Assert.Equal(train, !before[$"bert.embeddings.{table}_embeddings.weight"].SequenceEqual(after[$"bert.embeddings.{table}_embeddings.weight"]));
        Assert.NotEqual(before["bert.embeddings.LayerNorm.bias"], after["bert.embeddings.LayerNorm.bias"]);
    }

    [Fact]
    public void Steps_leave_no_tensor_behind()
    {
        using var model = Quantized("W4A8");
        using var rule = new EfQatUpdate(model, new(Ratio: 0.25, Frequency: 80));
        var live = new Losses();
        Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(30), live);
        Assert.True(live.Tensors[^1] <= live.Tensors[1], string.Join(' ', live.Tensors));
    }

    private sealed class Losses : ITrainingMonitor
    {
        public List<double> Values { get; } = [];

        public List<long> Tensors { get; } = [];

        public (int Steps, CancellationTokenSource Source)? Stop { get; init; }

        public void OnStep(in StepInfo info)
        {
            Values.Add(info.Loss);
            if (Stop is { } stop && Values.Count >= stop.Steps) stop.Source.Cancel();
        }

        public void OnEvaluation(int epoch, double top1) => Tensors.Add(TestData.LiveTensors());
    }
}
