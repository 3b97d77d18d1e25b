using EfQat.Diagnosis;
using EfQat.Display;

namespace EfQat.Cli;

/// <summary>What every report must say of where its figures come from.</summary>
static class ReportFacts
{
    /// <summary>Processor, runtime, libtorch and date.</summary>
    public static Report OnThisMachine(this Report report) => report
        .Fact("CPU", Machine.Cpu).Fact("Runtime", Machine.Runtime).Fact("libtorch", $"{__version__}, {get_num_threads()} threads")
        .Fact("Date", $"{DateTime.UtcNow:yyyy-MM-dd}");
}
