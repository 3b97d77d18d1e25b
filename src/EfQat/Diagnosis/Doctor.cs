namespace EfQat.Diagnosis;

/// <summary>What this machine offers, and what to do about what is missing.</summary>
public static class Doctor
{
    /// <summary>The runtime, the processor, libtorch with its threads and devices, and the data sets.</summary>
    public static IReadOnlyList<Finding> Examine() =>
    [
        new("Runtime", Machine.Runtime),
        new("CPU", Machine.Cpu),
        .. TorchFindings.All(),
        .. DatasetFindings.All(),
    ];
}
