namespace EfQat.Datasets;

/// <summary>A small generator whose numbers are the same on every machine and every .NET (Steele, Lea, Flood 2014).</summary>
internal struct SplitMix64(ulong state)
{
    private ulong state = state;

    /// <summary>A generator of its own for each combination of keys.</summary>
    public static SplitMix64 Of(long seed, long epoch = 0, long index = 0)
    {
        ulong key = new SplitMix64((ulong)seed).Next() ^ (ulong)epoch;
        return new(new SplitMix64(new SplitMix64(key).Next() ^ (ulong)index).Next());
    }

    public ulong Next()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0…bound−1.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>0 ≤ u &lt; 1.</summary>
    public double Uniform() => (Next() >> 11) / (double)(1L << 53);

    /// <summary>0…count−1 in random order (Fisher–Yates).</summary>
    public static int[] Permutation(int count, long seed, long epoch = 0)
    {
        var order = Enumerable.Range(0, count).ToArray();
        var random = Of(seed, epoch, -1);
        for (int i = count - 1; i > 0; i--)
        {
            int j = random.Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
