using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using EfQat.Display;

namespace EfQat.Jupyter.Kernel;

/// <summary>
/// What native libraries and child processes print: it goes to the file descriptors 1 and 2, past Console. These lead into pipes from here
/// on, and from there to the cell that runs; between cells to where they led before. On Linux only.
/// </summary>
sealed partial class NativeOutput
{
    static NativeOutput[] captured = [];
    readonly AnonymousPipeServerStream pipe = new(PipeDirection.In);
    readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    readonly byte[] buffer = new byte[1 << 14];
    readonly Lock gate = new();
    readonly Stream outside;
    readonly bool isError;

    NativeOutput(int descriptor, Stream outside)
    {
        (this.outside, isError) = (outside, descriptor == 2);
        if (dup2((int)pipe.ClientSafePipeHandle.DangerousGetHandle(), descriptor) < 0) throw new IOException($"dup2: error {Marshal.GetLastPInvokeError()}");
        pipe.DisposeLocalCopyOfClientHandle();
        new Thread(() =>
        {
            while (true)
                if (CanRead(wait: true)) Read();
        }) { IsBackground = true, Name = $"descriptor {descriptor}" }.Start();
    }

    /// <summary>The cell that gets what is printed; null between cells.</summary>
    public static ICellHost? Cell { get; set; }

    /// <summary>Takes over both descriptors. Console must have been used before: it keeps what they lead to now.</summary>
    public static void Install()
    {
        if (OperatingSystem.IsLinux())
            captured = [new(1, Console.OpenStandardOutput()), new(2, Console.OpenStandardError())];
    }

    /// <summary>Sends what was printed so far.</summary>
    public static void Flush()
    {
        if (captured.Length > 0) _ = fflush(Marshal.ReadIntPtr(Stdout.Value)); // C's printf gathers text where its output is a pipe
        foreach (var output in captured) output.Read();
    }

    void Read()
    {
        lock (gate)
            while (CanRead(wait: false))
            {
                int count = pipe.Read(buffer);
                if (Cell is { } cell) cell.Write(Decode(count), isError);
                else outside.Write(buffer, 0, count);
            }
    }

    string Decode(int count)
    {
        var text = new char[Encoding.UTF8.GetMaxCharCount(count)];
        return new(text, 0, decoder.GetChars(buffer, 0, count, text, 0));
    }

    bool CanRead(bool wait)
    {
        var descriptor = new Poll((int)pipe.SafePipeHandle.DangerousGetHandle(), events: 1); // POLLIN
        return poll(ref descriptor, 1, wait ? -1 : 0) > 0;
    }

    static readonly Lazy<nint> Stdout = new(() => NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "stdout"));

    [StructLayout(LayoutKind.Sequential)]
    struct Poll(int descriptor, short events)
    {
        readonly int descriptor = descriptor;
        readonly short events = events, happened;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc")]
    private static partial int poll(ref Poll descriptors, nuint count, int milliseconds);

    [LibraryImport("libc")]
    private static partial int fflush(nint file);
}
