using System.Runtime.CompilerServices;
using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels.Tiles;

/// <summary>
/// Twelve sums, two weights, a broadcast and a product: 16 registers. Sums of bytes need as many partial ones in INT16 besides: 27 of 32.
/// </summary>
readonly unsafe struct SixPixels<TSet, V, P> : ITile
    where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
{
    public int Pixels => 6;

    public int Vectors => 2;

    public bool AddsBytesExactly => false;

    public void Codes(Runs runs, int depth, Places places, byte* weights, CodeTable codes, int place)
    {
        if (depth > 0) CodesOfBytes(runs, depth, places, weights, codes.Row(place), codes.Row(place + TSet.Lanes));
        else CodesOfWords(runs, places, weights, codes.Row(place), codes.Row(place + TSet.Lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CodesOfBytes(Runs runs, int depth, Places places, byte* weights, int* row, int* next)
    {
        Bytes(
            runs, depth, places.Addresses, weights, out var a0, out var b0, out var a1, out var b1, out var a2, out var b2, out var a3, out var b3,
            out var a4, out var b4, out var a5, out var b5);
        Store(places, row, next, a0, b0, a1, b1, a2, b2, a3, b3, a4, b4, a5, b5);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CodesOfWords(Runs runs, Places places, byte* weights, int* row, int* next)
    {
        Words(
            runs, places.Addresses, weights, out var a0, out var b0, out var a1, out var b1, out var a2, out var b2, out var a3, out var b3, out var a4,
            out var b4, out var a5, out var b5);
        Store(places, row, next, a0, b0, a1, b1, a2, b2, a3, b3, a4, b4, a5, b5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(
        Places places, int* row, int* next, V a0, V b0, V a1, V b1, V a2, V b2, V a3, V b3, V a4, V b4, V a5, V b5)
    {
        TSet.StoreCodes(TSet.Round(a0, row), TSet.Round(b0, next), row, places.Outputs[0]);
        TSet.StoreCodes(TSet.Round(a1, row), TSet.Round(b1, next), row, places.Outputs[1]);
        TSet.StoreCodes(TSet.Round(a2, row), TSet.Round(b2, next), row, places.Outputs[2]);
        TSet.StoreCodes(TSet.Round(a3, row), TSet.Round(b3, next), row, places.Outputs[3]);
        TSet.StoreCodes(TSet.Round(a4, row), TSet.Round(b4, next), row, places.Outputs[4]);
        TSet.StoreCodes(TSet.Round(a5, row), TSet.Round(b5, next), row, places.Outputs[5]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Words(Runs runs, byte** pixels, byte* weights, int* sums)
    {
        Words(
            runs, pixels, weights, out var a0, out var b0, out var a1, out var b1, out var a2, out var b2, out var a3, out var b3, out var a4, out var b4,
            out var a5, out var b5);
        int lanes = TSet.Lanes;
        TSet.Store(a0, sums);
        TSet.Store(b0, sums + lanes);
        TSet.Store(a1, sums + 2 * lanes);
        TSet.Store(b1, sums + 3 * lanes);
        TSet.Store(a2, sums + 4 * lanes);
        TSet.Store(b2, sums + 5 * lanes);
        TSet.Store(a3, sums + 6 * lanes);
        TSet.Store(b3, sums + 7 * lanes);
        TSet.Store(a4, sums + 8 * lanes);
        TSet.Store(b4, sums + 9 * lanes);
        TSet.Store(a5, sums + 10 * lanes);
        TSet.Store(b5, sums + 11 * lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Words(
        Runs runs, byte** pixels, byte* weights, out V a0, out V b0, out V a1, out V b1, out V a2, out V b2, out V a3, out V b3, out V a4, out V b4,
        out V a5, out V b5)
    {
        byte* p0 = pixels[0], p1 = pixels[1], p2 = pixels[2], p3 = pixels[3], p4 = pixels[4], p5 = pixels[5];
        (a0, b0, a1, b1, a2, b2) = (default, default, default, default, default, default);
        (a3, b3, a4, b4, a5, b5) = (default, default, default, default, default, default);
        for (int run = 0; run < runs.Count; run++)
        {
            nint offset = runs.Offsets[run];
            for (nint end = offset + runs.Bytes; offset < end; offset += 4, weights += 2 * sizeof(V))
            {
                V a = TSet.Load(weights), b = TSet.Load(weights + sizeof(V)), codes = TSet.Broadcast(p0 + offset);
                (a0, b0) = (TSet.MultiplyAddWords(a0, codes, a), TSet.MultiplyAddWords(b0, codes, b));
                codes = TSet.Broadcast(p1 + offset);
                (a1, b1) = (TSet.MultiplyAddWords(a1, codes, a), TSet.MultiplyAddWords(b1, codes, b));
                codes = TSet.Broadcast(p2 + offset);
                (a2, b2) = (TSet.MultiplyAddWords(a2, codes, a), TSet.MultiplyAddWords(b2, codes, b));
                codes = TSet.Broadcast(p3 + offset);
                (a3, b3) = (TSet.MultiplyAddWords(a3, codes, a), TSet.MultiplyAddWords(b3, codes, b));
                codes = TSet.Broadcast(p4 + offset);
                (a4, b4) = (TSet.MultiplyAddWords(a4, codes, a), TSet.MultiplyAddWords(b4, codes, b));
                codes = TSet.Broadcast(p5 + offset);
                (a5, b5) = (TSet.MultiplyAddWords(a5, codes, a), TSet.MultiplyAddWords(b5, codes, b));
            }
        }
    }

    /// <summary>Products of bytes, so many in INT16 before they are widened.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Bytes(
        Runs runs, int depth, byte** pixels, byte* weights, out V a0, out V b0, out V a1, out V b1, out V a2, out V b2, out V a3, out V b3, out V a4,
        out V b4, out V a5, out V b5)
    {
        byte* p0 = pixels[0], p1 = pixels[1], p2 = pixels[2], p3 = pixels[3], p4 = pixels[4], p5 = pixels[5];
        (a0, b0, a1, b1, a2, b2) = (default, default, default, default, default, default);
        (a3, b3, a4, b4, a5, b5) = (default, default, default, default, default, default);
        for (int run = 0; run < runs.Count; run++)
        {
            nint offset = runs.Offsets[run];
            for (nint end = offset + runs.Bytes; offset < end;)
            {
                V a = TSet.Load(weights), b = TSet.Load(weights + sizeof(V)), codes = TSet.Broadcast(p0 + offset);
                P s0 = TSet.MultiplyBytes(codes, a), t0 = TSet.MultiplyBytes(codes, b);
                codes = TSet.Broadcast(p1 + offset);
                P s1 = TSet.MultiplyBytes(codes, a), t1 = TSet.MultiplyBytes(codes, b);
                codes = TSet.Broadcast(p2 + offset);
                P s2 = TSet.MultiplyBytes(codes, a), t2 = TSet.MultiplyBytes(codes, b);
                codes = TSet.Broadcast(p3 + offset);
                P s3 = TSet.MultiplyBytes(codes, a), t3 = TSet.MultiplyBytes(codes, b);
                codes = TSet.Broadcast(p4 + offset);
                P s4 = TSet.MultiplyBytes(codes, a), t4 = TSet.MultiplyBytes(codes, b);
                codes = TSet.Broadcast(p5 + offset);
                P s5 = TSet.MultiplyBytes(codes, a), t5 = TSet.MultiplyBytes(codes, b);
                offset += 4;
                weights += 2 * sizeof(V);
                for (nint stop = nint.Min(offset + 4 * (depth - 1), end); offset < stop; offset += 4, weights += 2 * sizeof(V))
                {
                    (a, b, codes) = (TSet.Load(weights), TSet.Load(weights + sizeof(V)), TSet.Broadcast(p0 + offset));
                    (s0, t0) = (TSet.MultiplyAddBytes(s0, codes, a), TSet.MultiplyAddBytes(t0, codes, b));
                    codes = TSet.Broadcast(p1 + offset);
                    (s1, t1) = (TSet.MultiplyAddBytes(s1, codes, a), TSet.MultiplyAddBytes(t1, codes, b));
                    codes = TSet.Broadcast(p2 + offset);
                    (s2, t2) = (TSet.MultiplyAddBytes(s2, codes, a), TSet.MultiplyAddBytes(t2, codes, b));
                    codes = TSet.Broadcast(p3 + offset);
                    (s3, t3) = (TSet.MultiplyAddBytes(s3, codes, a), TSet.MultiplyAddBytes(t3, codes, b));
                    codes = TSet.Broadcast(p4 + offset);
                    (s4, t4) = (TSet.MultiplyAddBytes(s4, codes, a), TSet.MultiplyAddBytes(t4, codes, b));
                    codes = TSet.Broadcast(p5 + offset);
                    (s5, t5) = (TSet.MultiplyAddBytes(s5, codes, a), TSet.MultiplyAddBytes(t5, codes, b));
                }
                (a0, b0) = (TSet.AddWidened(a0, s0), TSet.AddWidened(b0, t0));
                (a1, b1) = (TSet.AddWidened(a1, s1), TSet.AddWidened(b1, t1));
                (a2, b2) = (TSet.AddWidened(a2, s2), TSet.AddWidened(b2, t2));
                (a3, b3) = (TSet.AddWidened(a3, s3), TSet.AddWidened(b3, t3));
                (a4, b4) = (TSet.AddWidened(a4, s4), TSet.AddWidened(b4, t4));
                (a5, b5) = (TSet.AddWidened(a5, s5), TSet.AddWidened(b5, t5));
            }
        }
    }
}
