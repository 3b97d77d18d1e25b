namespace EfQat.Quantization;

/// <summary>The range, among shrunken copies of the full one, with the least mean squared error of quantizing what was seen.</summary>
public sealed class MseObserver : Observer
{
    private const int Candidates = 100;
    private readonly Histogram histogram = new(8192);
    private double min, max;

    /// <inheritdoc/>
    public override (float Scale, float ZeroPoint) Compute(Grid grid) =>
        Enumerable.Range(1, Candidates)
            .Select(i => grid.FromRange(min * i / Candidates, max * i / Candidates))
            .MinBy(candidate => Error(grid, candidate.Scale, candidate.ZeroPoint));

    /// <inheritdoc/>
    protected override void Take(Tensor x, double min, double max)
    {
        histogram.Add(x, min, max);
        (this.min, this.max) = (Math.Min(this.min, min), Math.Max(this.max, max));
    }

    private double Error(Grid grid, double scale, double zeroPoint)
    {
        double error = 0;
        for (int i = 0; i < histogram.Counts.Length; i++)
        {
            if (histogram.Counts[i] == 0) continue;
            double x = histogram.Centre(i);
            double q = Math.Clamp(Math.Round(x / scale) + zeroPoint, grid.QMin, grid.QMax);
            double difference = (q - zeroPoint) * scale - x;
            error += histogram.Counts[i] * difference * difference;
        }
        return error;
    }
}
