using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using EfQat.Integer.Kernels.Vnni;

namespace EfQat.Integer.Kernels;

/// <summary>The vector instructions that a kernel is compiled for.</summary>
public enum InstructionSet
{
    /// <summary>128 bits, by .NET's own operators: any machine.</summary>
    Portable,

    /// <summary>Arm's 128 bits.</summary>
    Neon,

    /// <summary>256 bits.</summary>
    Avx2,

    /// <summary>512 bits, of AVX-512BW.</summary>
    Avx512,

    /// <summary>
    /// Its dot products besides. .NET 10 has them only in their AVX and AVX10 forms, so these tiles are assembled when they are first used.
    /// </summary>
    Avx512Vnni,
}

/// <summary>Which instruction sets this machine has.</summary>
public static class InstructionSets
{
    /// <summary>Narrowest first.</summary>
    public static IReadOnlyList<InstructionSet> Available { get; } =
    [
        InstructionSet.Portable,
        .. AdvSimd.Arm64.IsSupported ? [InstructionSet.Neon] : Array.Empty<InstructionSet>(),
        .. Avx2.IsSupported ? [InstructionSet.Avx2] : Array.Empty<InstructionSet>(),
        .. Avx512BW.IsSupported ? [InstructionSet.Avx512] : Array.Empty<InstructionSet>(),
        .. VnniTile.IsSupported ? [InstructionSet.Avx512Vnni] : Array.Empty<InstructionSet>(),
    ];

    /// <summary>The widest.</summary>
    public static InstructionSet Best => Available[^1];
}
