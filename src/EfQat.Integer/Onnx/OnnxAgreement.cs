using EfQat.Datasets;

namespace EfQat.Integer.Onnx;

/// <summary>How an ONNX file answers beside the fake-quantized model that it was made from.</summary>
/// <param name="Samples">Compared.</param>
/// <param name="LargestDifference">Of two logits.</param>
/// <param name="Step">Of a grid of 8 bits that covers the model's logits: their range over 255.</param>
/// <param name="SameTop1">Samples with the same highest logit, in percent.</param>
/// <param name="ModelTop1">Right in the kit, in percent.</param>
/// <param name="OnnxTop1">Right in the runtime, in percent.</param>
public sealed record OnnxAgreement(int Samples, double LargestDifference, double Step, double SameTop1, double ModelTop1, double OnnxTop1)
{
    /// <summary>The largest difference in steps of that grid.</summary>
    public double LargestSteps => LargestDifference / Step;

    /// <summary>Runs the model once, and each session beside it.</summary>
    /// <param name="model">Fake-quantized; in eval mode afterwards.</param>
    /// <param name="sessions">Each of its ONNX file.</param>
    /// <param name="batches">Samples with labels.</param>
    /// <param name="progress">Told how many samples were compared.</param>
    /// <param name="cancellation">Stops it.</param>
    public static IReadOnlyList<OnnxAgreement> Of(
        nn.Module<Tensor, Tensor> model, IReadOnlyList<OnnxRuntimeSession> sessions, IEnumerable<Batch> batches, Action<int>? progress = null,
        CancellationToken cancellation = default)
    {
        model.eval();
        using var off = no_grad();
        var (largest, same, right) = (new double[sessions.Count], new long[sessions.Count], new long[sessions.Count]);
        double lowest = double.PositiveInfinity, highest = double.NegativeInfinity;
        long modelRight = 0;
        int seen = 0;
        foreach (var (images, labels) in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var expected = model.call(images);                                  // [N, classes]
            var answer = expected.argmax(1);
            modelRight += answer.eq(labels).sum().item<long>();
            (lowest, highest) = (Math.Min(lowest, expected.min().item<float>()), Math.Max(highest, expected.max().item<float>()));
            for (int i = 0; i < sessions.Count; i++)
            {
                var logits = sessions[i].Run(images);
                var other = logits.argmax(1);
                largest[i] = Math.Max(largest[i], (logits - expected).abs().max().item<float>());
                same[i] += other.eq(answer).sum().item<long>();
                right[i] += other.eq(labels).sum().item<long>();
            }
            seen += (int)images.shape[0];
            progress?.Invoke(seen);
        }
        double Percent(long count) => 100.0 * count / seen;
        return [.. sessions.Select((_, i) =>
            new OnnxAgreement(seen, largest[i], (highest - lowest) / 255, Percent(same[i]), Percent(modelRight), Percent(right[i])))];
    }
}
