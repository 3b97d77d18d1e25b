using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EfQat.Integer.Ncnn;

/// <summary>A .bin file, read from front to back: weights behind a tag that says their type, biases as they are.</summary>
internal sealed class NcnnWeights
{
    private const uint Float32 = 0, Float16 = 0x01306B47;
    private readonly string path;
    private readonly byte[] bytes;
    private int read;

    /// <exception cref="UserError">The file is missing.</exception>
    public NcnnWeights(string path)
    {
        if (!File.Exists(path)) throw new UserError($"{path}: the file is missing; it belongs to the .param file");
        (this.path, bytes) = (path, File.ReadAllBytes(path));
    }

    /// <summary>A tagged block.</summary>
    public float[] Tagged(string layer, int count)
    {
        uint tag = BinaryPrimitives.ReadUInt32LittleEndian(Take(layer, 4));
        return tag switch
        {
            Float32 => Floats(layer, count),
            Float16 => Halves(layer, count),
            _ => throw new UserError($"{path}: the weights of {layer} have the tag 0x{tag:X8}; 16-bit floats (0x{Float16:X8}) and 32-bit floats (0) are read"),
        };
    }

    /// <summary>32-bit floats.</summary>
    public float[] Floats(string layer, int count) => MemoryMarshal.Cast<byte, float>(Take(layer, 4L * count)).ToArray();

    /// <exception cref="UserError">There is more than was read.</exception>
    public void CheckEnd()
    {
        if (read < bytes.Length) throw new UserError($"{path}: {bytes.Length - read} bytes are left over; it belongs to another .param file");
    }

    private float[] Halves(string layer, int count)
    {
        float[] weights = [.. MemoryMarshal.Cast<byte, Half>(Take(layer, 2L * count)).ToArray().Select(weight => (float)weight)];
        if (count % 2 == 1) Take(layer, 2); // blocks are multiples of 4 bytes
        return weights;
    }

    private ReadOnlySpan<byte> Take(string layer, long count)
    {
        if (count > bytes.Length - read)
            throw new UserError($"{path}: ends at byte {bytes.Length} within the weights of {layer}; the file is truncated");
        read += (int)count;
        return bytes.AsSpan(read - (int)count, (int)count);
    }
}
