using EfQat.Datasets;

namespace EfQat.Training;

/// <summary>A model's answers to SQuAD's questions.</summary>
public static class SquadEvaluator
{
    /// <param name="model">[N, 3, L] → [N, L, 2], e.g. <see cref="Models.BertForQuestionAnswering"/>.</param>
    /// <param name="windows">Of all questions, in their order.</param>
    /// <param name="batchSize">Windows at once.</param>
    /// <param name="options">Those the windows were made with.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="cancellation">Asked before every batch.</param>
    /// <returns>Texts by question id.</returns>
    public static IReadOnlyDictionary<string, string> Answer(
        nn.Module<Tensor, Tensor> model, IReadOnlyList<SquadWindow> windows, int batchSize = 16, SquadOptions? options = null,
        Device? device = null, CancellationToken cancellation = default) =>
        Outputs(model, windows, batchSize, device, cancellation).GroupBy(output => output.Window.Question.Id)
            .ToDictionary(outputs => outputs.Key, outputs => SquadSpans.Best(outputs, options).Select(span => span.Text).FirstOrDefault(""));

    private static IEnumerable<SquadOutput> Outputs(
        nn.Module<Tensor, Tensor> model, IReadOnlyList<SquadWindow> windows, int batchSize, Device? device, CancellationToken cancellation)
    {
        model.eval();
        int next = 0;
        foreach (var batch in new TokenLoader("SQuAD", [.. windows.Select(window => window.Input)], batchSize, device: device).Epoch())
        {
            cancellation.ThrowIfCancellationRequested();
            float[] logits;
            using (batch.Images)
            using (batch.Labels)
            using (NewDisposeScope())
            using (no_grad())
                logits = model.call(batch.Images).permute(2, 0, 1).contiguous().cpu().data<float>().ToArray();  // [2, N, L]
            int count = Math.Min(batchSize, windows.Count - next), length = logits.Length / (2 * count);
            float[] Row(int i) => logits[(i * length)..((i + 1) * length)];
            for (int i = 0; i < count; i++) yield return new(windows[next++], Row(i), Row(count + i));
        }
    }
}
