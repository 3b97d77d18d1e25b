namespace EfQat.Training;

/// <summary>Learning-rate factors as functions of the step alone, so that a resumed run needs nothing but its position.</summary>
public static class Schedule
{
    /// <summary>Always 1.</summary>
    public static double Constant(long step) => 1;

    /// <summary>Rises linearly over the first steps, then falls to 0 along half a cosine.</summary>
    public static Func<long, double> Cosine(long total, long warmup = 0) => step => step < warmup
        ? (step + 1.0) / warmup
        : (1 + Math.Cos(Math.PI * (step - warmup) / Math.Max(1, total - warmup))) / 2;
}
