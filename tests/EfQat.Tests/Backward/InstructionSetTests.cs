#if LOCAL_TORCH
using System.Diagnostics;

namespace EfQat.Tests.Backward;

public class InstructionSetTests
{
    /// <summary>The vector kernels are chosen once a process, so that another one runs their tests again.</summary>
    [Theory, InlineData("avx2"), InlineData("default")]
    public async Task The_vector_kernels_pass_their_tests_with_other_instructions(string capability)
    {
        string filter = $"FullyQualifiedName~{nameof(ConvolutionKernelTests)}|FullyQualifiedName~{nameof(PartialConv2dTests)}";
        var start = new ProcessStartInfo("dotnet", ["vstest", GetType().Assembly.Location, $"--TestCaseFilter:{filter}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ATEN_CPU_CAPABILITY"] = capability, ["GOMP_SPINCOUNT"] = "1000" },
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0 && (await output).Contains("Passed!"), await output + await error);
    }
}
#endif
