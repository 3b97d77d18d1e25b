namespace EfQat.Integer.Kernels.Instructions;

/// <summary>
/// The few vector operations that kernels are made of; the JIT compiles a kernel for each set, as if it were written for it alone.
/// A lane of a vector is 32 bits: one sum, or the four bytes (two words) that go into it.
/// </summary>
/// <typeparam name="V">A vector.</typeparam>
/// <typeparam name="P">Sums in INT16, on their way to one vector of INT32.</typeparam>
unsafe interface IInstructions<V, P> where V : unmanaged where P : unmanaged
{
    /// <summary>Sums in a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>Neighbouring bytes whose products one INT16 sum takes at a time.</summary>
    static abstract int Products { get; }

    static abstract V Load(void* address);

    static abstract void Store(V vector, int* address);

    /// <summary>The same four bytes in all lanes.</summary>
    static abstract V Broadcast(byte* address);

    /// <summary>For each lane of four vectors a byte from the first address and one from the second, as words.</summary>
    static abstract void Pairs(byte* first, byte* second, out V a, out V b, out V c, out V d);

    /// <summary>Which of an address's bytes <see cref="Pairs"/> puts in a lane, counted over its four vectors.</summary>
    static abstract int Order(int lane);

    static abstract V Add(V left, V right);

    static abstract V Subtract(V left, V right);

    /// <summary>The lower 32 bits of the products.</summary>
    static abstract V Multiply(V vector, int factor);

    static abstract V ShiftLeft(V vector, int bits);

    /// <summary>Of signed numbers.</summary>
    static abstract V ShiftRight(V vector, int bits);

    /// <summary>sum + the products of words, two in a lane: exact in INT32.</summary>
    static abstract V MultiplyAddWords(V sum, V words, V weights);

    /// <summary>The products of unsigned with signed bytes, in INT16; the caller has checked that they fit.</summary>
    static abstract P MultiplyBytes(V bytes, V weights);

    /// <summary>partial + the products of bytes, in INT16.</summary>
    static abstract P MultiplyAddBytes(P partial, V bytes, V weights);

    /// <summary>sum + the INT16 sums of each lane.</summary>
    static abstract V AddWidened(V sum, P partial);

    /// <summary>By a row of a <see cref="CodeTable"/>, sums to codes to which zero's code is not yet added, and that are not yet clamped.</summary>
    static abstract V Round(V sums, int* row);

    /// <summary>Writes the codes of a vector.</summary>
    static abstract void StoreCodes(V rounded, int* row, byte* output);

    /// <summary>Writes the codes of two vectors; the row is the first one's.</summary>
    static abstract void StoreCodes(V first, V second, int* row, byte* output);

    /// <summary>Writes the codes of four vectors of <see cref="Pairs"/>, in the order of its bytes; the row is the first one's.</summary>
    static abstract void StoreCodes(V a, V b, V c, V d, int* row, byte* output);
}
