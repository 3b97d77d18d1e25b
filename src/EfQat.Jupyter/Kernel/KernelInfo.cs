using EfQat.Jupyter.Protocol;

namespace EfQat.Jupyter.Kernel;

/// <summary>What the kernel says about itself.</summary>
static class KernelInfo
{
    static readonly string Version = typeof(KernelInfo).Assembly.GetName().Version!.ToString(3);

    public static KernelInfoReply Reply { get; } = new(
        Header.ProtocolVersion, "efqat", Version,
        new("C#", "14.0", "text/x-csharp", ".cs", "csharp", "text/x-csharp"),
        $"C# (EfQat {Version}) on .NET {Environment.Version}", []);
}
