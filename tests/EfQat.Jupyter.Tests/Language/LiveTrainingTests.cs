namespace EfQat.Jupyter.Tests.Language;

public sealed class LiveTrainingTests
{
    [Fact]
    public void A_cell_sees_loss_and_accuracy_of_a_run_that_was_resumed()
    {
        var host = new RecordingHost();
        var problem = new NotebookSession().Show(
            """
            ITrainingMonitor monitor = new LiveTraining("QAT");
            for (int step = 91; step <= 100; step++) monitor.OnStep(new(1, step, 100, 0.5, 80, 1000, TimeSpan.Zero));
            monitor.OnEvaluation(1, 91.25);
            """, host);
        Assert.Null(problem);
        Assert.StartsWith("QAT 91/100 · 0.0/s · loss 0.500", host.Shown[0]["text/plain"]);
        Assert.Matches(@"^QAT 100/100 · [\d.]+/s · loss 0\.500 · top-1 91\.25 % after epoch 2: scatter$", host.Shown[^1]["text/plain"]);
        Assert.Contains("""
            "x":[91,92,93,94,95,96,97,98,99,100]
            """, host.Shown[^1]["application/vnd.plotly.v1+json"]!.ReplaceLineEndings("").Replace(" ", ""));
    }
}
