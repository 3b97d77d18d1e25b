namespace EfQat.Integer.Kernels;

/// <summary>An array that stays where it is, on a cache line's beginning; it lives as long as whoever holds it.</summary>
sealed unsafe class PinnedMemory<T> where T : unmanaged
{
    /// <summary>Bytes of a cache line, and of the widest vector.</summary>
    public const int Alignment = 64;

    /// <summary>Bytes filled up to whole cache lines.</summary>
    public static int Aligned(int bytes) => (bytes + Alignment - 1) & -Alignment;

    readonly T[] array;

    /// <param name="length">How many, all zero.</param>
    public PinnedMemory(int length)
    {
        array = GC.AllocateArray<T>(length + Alignment / sizeof(T), pinned: true);
        fixed (T* first = array)
            Pointer = (T*)(((nint)first + Alignment - 1) & -Alignment);
    }

    /// <summary>The first.</summary>
    public T* Pointer { get; }
}
