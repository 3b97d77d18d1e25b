using System.Runtime.Intrinsics;
using EfQat.Integer.Kernels.Instructions;
using EfQat.Integer.Kernels.Tiles;
using EfQat.Integer.Kernels.Vnni;
using EfQat.Integer.Kernels.Winograd;

namespace EfQat.Integer.Kernels;

/// <summary>Brings a kernel and an instruction set together.</summary>
static class KernelCompiler
{
    public static ConvolutionKernel Compile(ConvolutionLayer layer, KernelKind kind, InstructionSet set) =>
        (kind, CodeTable.Holds(layer) ? set : InstructionSet.Portable) switch
    {
        (KernelKind.Specification, _) => new SpecificationKernel(layer),
        (KernelKind.Direct or KernelKind.Winograd or KernelKind.Winograd4, InstructionSet.Avx512Vnni) =>
            Create<Avx512Instructions, Vector512<int>, Vector512<short>, VnniTile>(layer, kind, VnniTile.For(layer.Shape.OutputChannels / layer.Shape.Groups)),
        (_, InstructionSet.Avx512 or InstructionSet.Avx512Vnni) => Six<Avx512Instructions, Vector512<int>, Vector512<short>>(layer, kind),
        (KernelKind.Direct16, InstructionSet.Avx2) => Three<Avx2Instructions, Vector256<int>, Vector256<short>>(layer, kind),
        (_, InstructionSet.Avx2) => Six<Avx2Instructions, Vector256<int>, Vector256<short>>(layer, kind),
        // Neon multiplies bytes that are both signed.
        (_, InstructionSet.Neon) when kind != KernelKind.Direct16 || layer.InputMax <= sbyte.MaxValue =>
            Three<NeonInstructions, Vector128<int>, NeonInstructions.Words>(layer, kind),
        _ => Three<PortableInstructions, Vector128<int>, Vector128<short>>(layer, kind),
    };

    static ConvolutionKernel Three<TSet, V, P>(ConvolutionLayer layer, KernelKind kind)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged => Create<TSet, V, P, ThreePixels<TSet, V, P>>(layer, kind, default);

    static ConvolutionKernel Six<TSet, V, P>(ConvolutionLayer layer, KernelKind kind)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged => Create<TSet, V, P, SixPixels<TSet, V, P>>(layer, kind, default);

    static ConvolutionKernel Create<TSet, V, P, TTile>(ConvolutionLayer layer, KernelKind kind, TTile tile)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged where TTile : struct, ITile => kind switch
    {
        KernelKind.Winograd => new WinogradKernel<TwoByTwo, TSet, V, P, TTile>(layer, kind, tile),
        KernelKind.Winograd4 => new WinogradKernel<FourByFour, TSet, V, P, TTile>(layer, kind, tile),
        KernelKind.Depthwise => new DepthwiseKernel<TSet, V, P>(layer),
        _ => new DirectKernel<TSet, V, P, TTile>(layer, kind, tile),
    };
}
