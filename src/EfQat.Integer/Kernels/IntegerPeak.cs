using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using EfQat.Integer.Kernels.Instructions;
using EfQat.Integer.Kernels.Vnni;

namespace EfQat.Integer.Kernels;

/// <summary>What this machine's multiply-adds could do if nothing but them were to be done: a loop that touches registers only.</summary>
public static class IntegerPeak
{
    /// <summary>Of a piece of a loop.</summary>
    internal const int Iterations = 20_000;

    const int Pieces = 10, Chains = 6, Steps = 4;

    /// <summary>Operations in a second, two for a multiply-add, of all threads together.</summary>
    /// <param name="kind"><see cref="KernelKind.Direct16"/>, with four multiply-adds in an INT16 sum, or another for INT32.</param>
    /// <param name="set">The instructions.</param>
    /// <param name="workers">The threads.</param>
    public static double Measure(KernelKind kind, InstructionSet set, Workers workers)
    {
        bool bytes = kind == KernelKind.Direct16;
        return set switch
        {
            InstructionSet.Avx512Vnni when !bytes => VnniPeak.Measure(workers),
            InstructionSet.Avx512 or InstructionSet.Avx512Vnni => Measure<Avx512Instructions, Vector512<int>, Vector512<short>>(bytes, workers),
            InstructionSet.Avx2 => Measure<Avx2Instructions, Vector256<int>, Vector256<short>>(bytes, workers),
            InstructionSet.Neon => Measure<NeonInstructions, Vector128<int>, NeonInstructions.Words>(bytes, workers),
            _ => Measure<PortableInstructions, Vector128<int>, Vector128<short>>(bytes, workers),
        };
    }

    /// <summary>Operations in a second, of all threads together.</summary>
    /// <param name="loop">Each piece goes through <see cref="Iterations"/>.</param>
    /// <param name="operations">Of an iteration.</param>
    /// <param name="workers">The threads.</param>
    internal static double Rate<TJob>(TJob loop, double operations, Workers workers) where TJob : struct, IJob
    {
        int pieces = workers.Threads * Pieces;
        long start = Stopwatch.GetTimestamp();
        workers.Run(loop, pieces);
        return operations * Iterations * pieces / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static double Measure<TSet, V, P>(bool bytes, Workers workers)
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged =>
        Rate(new Loop<TSet, V, P>(bytes, new byte[workers.Threads]), 2 * Chains * Steps * TSet.Lanes * (bytes ? 4 : 2), workers);

    readonly unsafe struct Loop<TSet, V, P>(bool bytes, byte[] results) : IJob
        where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
    {
        public void Run(int piece, int thread)
        {
            V result = bytes ? Bytes(default) : Words(default);
            results[thread] = *(byte*)&result;
        }

        // Every chain multiplies its own sum, or the products could be computed once for all iterations; and nobody may know that all is zero.
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static V Words(V w)
        {
            V a = w, b = w, c = w, d = w, e = w, f = w, x = TSet.Add(w, w), y = TSet.Add(x, w), z = TSet.Add(y, w);
            for (int i = 0; i < Iterations; i++)
            {
                (a, b, c) = (Words(a, w, x, y, z), Words(b, w, x, y, z), Words(c, w, x, y, z));
                (d, e, f) = (Words(d, w, x, y, z), Words(e, w, x, y, z), Words(f, w, x, y, z));
            }
            return Sum(a, b, c, d, e, f);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        static V Bytes(V w)
        {
            V a = w, b = w, c = w, d = w, e = w, f = w, x = TSet.Add(w, w), y = TSet.Add(x, w), z = TSet.Add(y, w);
            for (int i = 0; i < Iterations; i++)
            {
                (a, b, c) = (Bytes(a, w, x, y, z), Bytes(b, w, x, y, z), Bytes(c, w, x, y, z));
                (d, e, f) = (Bytes(d, w, x, y, z), Bytes(e, w, x, y, z), Bytes(f, w, x, y, z));
            }
            return Sum(a, b, c, d, e, f);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static V Words(V sum, V w, V x, V y, V z) =>
            TSet.MultiplyAddWords(TSet.MultiplyAddWords(TSet.MultiplyAddWords(TSet.MultiplyAddWords(sum, sum, w), sum, x), sum, y), sum, z);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static V Bytes(V sum, V w, V x, V y, V z) => TSet.AddWidened(
            sum, TSet.MultiplyAddBytes(TSet.MultiplyAddBytes(TSet.MultiplyAddBytes(TSet.MultiplyBytes(sum, w), sum, x), sum, y), sum, z));

        static V Sum(V a, V b, V c, V d, V e, V f) => TSet.Add(TSet.Add(TSet.Add(a, b), TSet.Add(c, d)), TSet.Add(e, f));
    }
}
