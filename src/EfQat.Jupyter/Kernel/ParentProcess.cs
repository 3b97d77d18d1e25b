using System.Diagnostics;

namespace EfQat.Jupyter.Kernel;

/// <summary>The front end that started the kernel. Where it dies without a word, the kernel would stay for ever.</summary>
static class ParentProcess
{
    /// <summary>Calls once the process that <c>JPY_PARENT_PID</c> names is gone; looks every second.</summary>
    public static IDisposable? WhenGone(Action then)
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), out int id)) return null;
        return new Timer(_ =>
        {
            if (!IsAlive(id)) then();
        }, null, 1000, 1000);
    }

    static bool IsAlive(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
