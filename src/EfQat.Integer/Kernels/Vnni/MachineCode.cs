using System.Runtime.InteropServices;
using Iced.Intel;

namespace EfQat.Integer.Kernels.Vnni;

/// <summary>Puts assembled instructions where the processor may run them, and nobody may change them any more. They stay until the process ends.</summary>
static unsafe partial class MachineCode
{
    const int Read = 1, Write = 2, Execute = 4, PrivateAnonymous = 0x22, Bytes = 1 << 16;
    const nint Failed = -1;

    /// <exception cref="PlatformNotSupportedException">This system does not let a process make code.</exception>
    public static void* Load(Assembler assembler)
    {
        nint place = Map(0, Bytes, Read | Write, PrivateAnonymous, -1, 0);
        if (place == Failed) throw Refused("mmap");
        using var stream = new UnmanagedMemoryStream((byte*)place, Bytes, Bytes, FileAccess.Write);
        assembler.Assemble(new StreamCodeWriter(stream), (ulong)place);
        return Protect(place, Bytes, Read | Execute) == 0 ? (void*)place : throw Refused("mprotect");
    }

    static PlatformNotSupportedException Refused(string call) => new($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nint bytes, int protection);
}
