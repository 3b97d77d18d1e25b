namespace EfQat.Quantization;

/// <summary>How a range is chosen from what is seen.</summary>
public enum ObserverKind
{
    /// <summary>All of it.</summary>
    MinMax,

    /// <summary>A moving average of each batch's extremes.</summary>
    MovingAverage,

    /// <summary>Without the outermost values.</summary>
    Percentile,

    /// <summary>With the least squared error of rounding and clipping.</summary>
    MeanSquaredError,

    /// <summary>With the least information lost (TensorRT).</summary>
    KullbackLeibler,

    /// <summary>From the mean magnitude, where learned step sizes start (LSQ).</summary>
    LearnedStepSize,

    /// <summary>Three standard deviations about the mean, where LSQ+'s weights start.</summary>
    ThreeSigma,
}

/// <summary>The observers' short names.</summary>
public static class ObserverKinds
{
    /// <summary>minmax, moving-average, percentile, mse, kl, lsq or three-sigma.</summary>
    public static string ShortName(this ObserverKind kind) => kind switch
    {
        ObserverKind.MinMax => "minmax",
        ObserverKind.MovingAverage => "moving-average",
        ObserverKind.Percentile => "percentile",
        ObserverKind.MeanSquaredError => "mse",
        ObserverKind.KullbackLeibler => "kl",
        ObserverKind.LearnedStepSize => "lsq",
        ObserverKind.ThreeSigma => "three-sigma",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such observer"),
    };

    /// <summary>The observer of a short name.</summary>
    /// <exception cref="UserError">There is no such observer.</exception>
    public static ObserverKind Parse(string name) =>
        Enum.GetValues<ObserverKind>().Cast<ObserverKind?>().FirstOrDefault(kind => kind!.Value.ShortName() == name)
        ?? throw new UserError($"observer '{name}': there is no such observer; use minmax, moving-average, percentile, mse, kl, lsq or three-sigma");
}

/// <summary>Watches tensors and says which scale and zero point suit them.</summary>
public abstract class Observer
{
    /// <summary>A new observer.</summary>
    public static Observer Create(ObserverKind kind) => kind switch
    {
        ObserverKind.MinMax => new MinMaxObserver(),
        ObserverKind.MovingAverage => new MovingAverageObserver(),
        ObserverKind.Percentile => new PercentileObserver(),
        ObserverKind.MeanSquaredError => new MseObserver(),
        ObserverKind.KullbackLeibler => new KlObserver(),
        ObserverKind.LearnedStepSize => new LsqObserver(),
        ObserverKind.ThreeSigma => new ThreeSigmaObserver(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such observer"),
    };

    /// <summary>Takes a tensor in.</summary>
    public void Observe(Tensor x)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (min, max) = (x.min().item<float>(), x.max().item<float>());
        if (!float.IsFinite(min) || !float.IsFinite(max))
            throw new UserError($"calibration: a tensor of shape [{string.Join(", ", x.shape)}] holds NaN or infinity; check the model's weights and the input's normalization");
        Take(x, min, max);
    }

    /// <summary>Scale and zero point on a grid.</summary>
    public abstract (float Scale, float ZeroPoint) Compute(Grid grid);

    /// <summary>A finite tensor and its extremes.</summary>
    protected abstract void Take(Tensor x, double min, double max);
}
