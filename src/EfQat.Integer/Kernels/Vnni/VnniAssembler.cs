using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace EfQat.Integer.Kernels.Vnni;

/// <summary>
/// Writes a tile in the instructions that .NET 10 does not offer in their 512-bit form: vpdpbusd adds four products of unsigned with signed bytes to an
/// INT32 sum, exactly, and vpdpwssd two products of words. Both do in one instruction what takes three and two without.
/// </summary>
static class VnniAssembler
{
    const int VectorBytes = 64, CodeBytes = 4, Unrolled = 4;

    /// <summary>Of a tile, in registers: more than twice what two ports start before the first one is there; with as many no unlucky turn costs.</summary>
    public const int MostSums = 24;

    /// <summary>What registers the calling convention wants back as they were.</summary>
    static readonly AssemblerRegister64[] Saved = [rbx, rbp, r12, r13, r14, r15];

    /// <summary>The pixels' addresses; as many as there can be.</summary>
    static readonly AssemblerRegister64[] Addresses = [rax, rbx, r10, r11, r12, r13, r14, r15, rbp, rcx];

    /// <summary>Pixels that go with so many vectors of output channels: enough sums to hide an instruction's latency, and few enough loads for each.</summary>
    public static int Pixels(int vectors) => Math.Min(Addresses.Length, MostSums / vectors);

    /// <summary>A function (offsets, runs, bytes of a run, addresses of the pixels, weights, sums), of words; see <see cref="Tiles.ITile"/>.</summary>
    public static Assembler Sums(int vectors)
    {
        var c = MultiplyAdds(vectors, words: true);
        for (int i = 0; i < Pixels(vectors) * vectors; i++) c.vmovdqu32(__zmmword_ptr[r9 + VectorBytes * i], Vector(i));
        Return(c);
        return c;
    }

    /// <summary>A function (offsets, runs, bytes of a run, <see cref="Tiles.Places"/>, weights, rows of a <see cref="CodeTable"/>).</summary>
    public static Assembler Codes(int vectors)
    {
        var c = MultiplyAdds(vectors, words: false);
        Requantize(c, vectors, rows: r9);
        Store(c, vectors, places: rcx, rows: r9);
        return c;
    }

    /// <summary>From sums to codes less the code of zero, both in 32 bits.</summary>
    static void Requantize(Assembler c, int vectors, AssemblerRegister64 rows)
    {
        int pixels = Pixels(vectors);
        c.mov(eax, 0x5555);
        c.kmovw(k1, eax);
        for (int v = 0; v < vectors; v++)
        {
            AssemblerMemoryOperand Row(int vector) => __zmmword_ptr[rows + VectorBytes * (v * CodeTable.Vectors + vector)];
            var (evenFactor, oddFactor, evenAddend, oddAddend, shift, odd) = (zmm24, zmm25, zmm26, zmm27, zmm28, zmm29);
            c.vmovdqu32(evenFactor, Row(CodeTable.Multiplier));
            c.vpsrlq(oddFactor, evenFactor, 32);
            c.vmovdqu32(evenAddend, Row(CodeTable.Addend));
            c.vmovdqu32(oddAddend, Row(CodeTable.Addend + 1));
            c.vmovdqu32(shift, Row(CodeTable.Shift));
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                var sum = Vector(pixel * vectors + v);
                c.vpsrlq(odd, sum, 32);
                c.vpmuldq(sum, sum, evenFactor);
                c.vpmuldq(odd, odd, oddFactor);
                c.vpaddq(sum, sum, evenAddend);
                c.vpaddq(odd, odd, oddAddend);
                c.vmovshdup(odd.k1, sum); // the upper halves of both
                c.vpsravd(sum, odd, shift);
            }
        }
    }

    /// <summary>Packs them with saturation, which takes four codes of each of four vectors in turn; returns.</summary>
    static void Store(Assembler c, int vectors, AssemblerRegister64 places, AssemblerRegister64 rows)
    {
        int pixels = Pixels(vectors);
        var (zero, min, max, order, lower, upper) = (zmm24, zmm25, zmm26, zmm27, zmm28, zmm29);
        var interleaved = c.CreateLabel();
        c.vpbroadcastw(zero, __word_ptr[rows + VectorBytes * CodeTable.Zero]);
        c.vpbroadcastb(min, __byte_ptr[rows + VectorBytes * CodeTable.Min]);
        c.vpbroadcastb(max, __byte_ptr[rows + VectorBytes * CodeTable.Max]);
        c.vmovdqu32(order, __zmmword_ptr[interleaved]);
        c.kmovq(k1, __qword_ptr[places + 16 * pixels]);
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            AssemblerRegisterZMM Code(int v) => Vector(pixel * vectors + Math.Min(v, vectors - 1));
            c.vpackssdw(lower, Code(0), Code(1));
            c.vpackssdw(upper, Code(2), Code(3));
            c.vpaddsw(lower, lower, zero);
            c.vpaddsw(upper, upper, zero);
            c.vpackuswb(lower, lower, upper);
            c.vpmaxub(lower, lower, min);
            c.vpminub(lower, lower, max);
            c.vpermd(lower, order, lower);
            c.mov(rax, __qword_ptr[places + 8 * (pixels + pixel)]);
            c.vmovdqu8(__zmmword_ptr[rax].k1, lower);
        }
        Return(c);
        c.Label(ref interleaved);
        for (int i = 0; i < 16; i++) c.dd(i % 4 * 4 + i / 4);
    }

    /// <summary>A function (iterations) that does nothing but <see cref="MostSums"/> multiply-adds of vectors of bytes in each.</summary>
    public static Assembler Peak()
    {
        var c = new Assembler(64);
        foreach (var register in Saved) c.push(register);
        Clear(c, MostSums + 2);
        var next = c.CreateLabel();
        c.Label(ref next);
        for (int i = 0; i < MostSums; i++) MultiplyAdd(c, words: false, Vector(i), Vector(MostSums), Vector(MostSums + 1));
        c.dec(rdi);
        c.jnz(next);
        Return(c);
        return c;
    }

    /// <summary>What all tiles begin with: then sums are in the first registers, and the fourth and the sixth argument where they were.</summary>
    static Assembler MultiplyAdds(int vectors, bool words)
    {
        int pixels = Pixels(vectors), sums = pixels * vectors;
        AssemblerRegister64 offsets = rdi, runs = rsi, runBytes = rdx, places = rcx, weights = r8, offset = r9, end = rsi;
        var c = new Assembler(64);
        foreach (var register in Saved) c.push(register);
        c.push(rcx);
        c.push(r9);
        c.lea(runs, __[offsets + runs * 8]);
        c.push(runs); // where the offsets end
        Clear(c, sums);
        for (int pixel = 0; pixel < pixels; pixel++) c.mov(Addresses[pixel], __qword_ptr[places + 8 * pixel]);

        var (nextRun, runEnds) = (c.CreateLabel(), c.CreateLabel());
        c.Label(ref nextRun);
        c.mov(offset, __qword_ptr[offsets]);
        c.add(offsets, 8);
        c.lea(end, __[offset + runBytes]);

        var tail = c.CreateLabel();
        c.sub(end, Unrolled * CodeBytes);
        c.cmp(offset, end);
        c.jg(tail);
        Repeat(Unrolled);
        c.Label(ref tail);
        c.add(end, (Unrolled - 1) * CodeBytes);
        c.cmp(offset, end);
        c.jg(runEnds);
        Repeat(1);
        c.Label(ref runEnds);
        c.cmp(offsets, __qword_ptr[rsp]);
        c.jb(nextRun);

        c.pop(runs);
        c.pop(r9);
        c.pop(rcx);
        return c;

        // So many units of four bytes, as long as the last one's offset is not behind the end.
        void Repeat(int units)
        {
            var next = c.CreateLabel();
            c.Label(ref next);
            for (int unit = 0; unit < units; unit++)
            {
                for (int v = 0; v < vectors; v++) c.vmovdqu32(Vector(sums + v), __zmmword_ptr[weights + VectorBytes * (unit * vectors + v)]);
                for (int pixel = 0; pixel < pixels; pixel++)
                {
                    var codes = Vector(sums + vectors + pixel % 2);
                    c.vpbroadcastd(codes, __dword_ptr[Addresses[pixel] + offset + unit * CodeBytes]);
                    for (int v = 0; v < vectors; v++) MultiplyAdd(c, words, Vector(pixel * vectors + v), codes, Vector(sums + v));
                }
            }
            c.add(weights, units * VectorBytes * vectors);
            c.add(offset, units * CodeBytes);
            c.cmp(offset, end);
            c.jle(next);
        }
    }

    static void Clear(Assembler c, int vectors)
    {
        for (int i = 0; i < vectors; i++) c.vpxord(Vector(i), Vector(i), Vector(i));
    }

    static void MultiplyAdd(Assembler c, bool words, AssemblerRegisterZMM sum, AssemblerRegisterZMM codes, AssemblerRegisterZMM weights)
    {
        if (words) c.vpdpwssd(sum, codes, weights);
        else c.vpdpbusd(sum, codes, weights);
    }

    static void Return(Assembler c)
    {
        foreach (var register in Saved.Reverse()) c.pop(register);
        c.vzeroupper();
        c.ret();
    }

    static AssemblerRegisterZMM Vector(int index) => new(Register.ZMM0 + index);
}
