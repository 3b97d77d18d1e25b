using System.Runtime.CompilerServices;
using EfQat.Integer.Kernels.Instructions;

namespace EfQat.Integer.Kernels.Tiles;

/// <summary>Six sums, six partial ones, two weights and a broadcast: 15 of 16 registers.</summary>
readonly unsafe struct ThreePixels<TSet, V, P> : ITile
    where TSet : struct, IInstructions<V, P> where V : unmanaged where P : unmanaged
{
    public int Pixels => 3;

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
        Bytes(runs, depth, places.Addresses, weights, out var a0, out var b0, out var a1, out var b1, out var a2, out var b2);
        Store(places, row, next, a0, b0, a1, b1, a2, b2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CodesOfWords(Runs runs, Places places, byte* weights, int* row, int* next)
    {
        Words(runs, places.Addresses, weights, out var a0, out var b0, out var a1, out var b1, out var a2, out var b2);
        Store(places, row, next, a0, b0, a1, b1, a2, b2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(Places places, int* row, int* next, V a0, V b0, V a1, V b1, V a2, V b2)
    {
        TSet.StoreCodes(TSet.Round(a0, row), TSet.Round(b0, next), row, places.Outputs[0]);
        TSet.StoreCodes(TSet.Round(a1, row), TSet.Round(b1, next), row, places.Outputs[1]);
        TSet.StoreCodes(TSet.Round(a2, row), TSet.Round(b2, next), row, places.Outputs[2]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Words(Runs runs, byte** pixels, byte* weights, int* sums)
    {
        Words(runs, pixels, weights, out var a0, out var b0, out var a1, out var b1, out var a2, out var b2);
        int lanes = TSet.Lanes;
        TSet.Store(a0, sums);
        TSet.Store(b0, sums + lanes);
        TSet.Store(a1, sums + 2 * lanes);
        TSet.Store(b1, sums + 3 * lanes);
        TSet.Store(a2, sums + 4 * lanes);
        TSet.Store(b2, sums + 5 * lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Words(Runs runs, byte** pixels, byte* weights, out V a0, out V b0, out V a1, out V b1, out V a2, out V b2)
    {
        byte* p0 = pixels[0], p1 = pixels[1], p2 = pixels[2];
        (a0, b0, a1, b1, a2, b2) = (default, default, default, default, default, default);
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
            }
        }
    }

    /// <summary>Products of bytes, so many in INT16 before they are widened.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Bytes(Runs runs, int depth, byte** pixels, byte* weights, out V a0, out V b0, out V a1, out V b1, out V a2, out V b2)
    {
        byte* p0 = pixels[0], p1 = pixels[1], p2 = pixels[2];
        (a0, b0, a1, b1, a2, b2) = (default, default, default, default, default, default);
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
                }
                (a0, b0) = (TSet.AddWidened(a0, s0), TSet.AddWidened(b0, t0));
                (a1, b1) = (TSet.AddWidened(a1, s1), TSet.AddWidened(b1, t1));
                (a2, b2) = (TSet.AddWidened(a2, s2), TSet.AddWidened(b2, t2));
            }
        }
    }
}
