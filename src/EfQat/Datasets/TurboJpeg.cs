using System.Runtime.InteropServices;

namespace EfQat.Datasets;

/// <summary>JPEG decoding by libjpeg-turbo's TurboJPEG interface.</summary>
static unsafe partial class TurboJpeg
{
    const string Library = "libturbojpeg.so.0";
    const int Rgb = 0;

    /// <summary>Decodes a square picture into <paramref name="planes"/>, [3, side, side].</summary>
    /// <exception cref="UserError">No library, not a JPEG picture, or of another size.</exception>
    public static void Decode(string path, int side, Span<byte> planes)
    {
        var bytes = File.ReadAllBytes(path);
        var decoder = Create(path);
        try
        {
            if (tjDecompressHeader3(decoder, bytes, (nuint)bytes.Length, out var width, out var height, out _, out _) != 0)
                throw Damaged(path, decoder);
            if (width != side || height != side)
                throw new UserError($"{path}: the picture is {width}×{height}, {side}×{side} is needed; scale it");
            var area = side * side;
            Span<byte> rgb = stackalloc byte[3 * area]; // [side, side, 3]
            if (tjDecompress2(decoder, bytes, (nuint)bytes.Length, ref MemoryMarshal.GetReference(rgb), side, 0, side, Rgb, 0) != 0)
                throw Damaged(path, decoder);
            for (var i = 0; i < rgb.Length; i++)
                planes[i % 3 * area + i / 3] = rgb[i];
        }
        finally
        {
            _ = tjDestroy(decoder);
        }
    }

    static nint Create(string path)
    {
        try { return tjInitDecompress(); }
        catch (DllNotFoundException) { throw new UserError($"{path}: {Library} is needed to read JPEG; sudo apt install libturbojpeg0"); }
    }

    static UserError Damaged(string path, nint decoder) =>
        new($"{path}: not a readable JPEG picture ({Marshal.PtrToStringUTF8(tjGetErrorStr2(decoder))}); replace the file");

    [LibraryImport(Library)]
    private static partial nint tjInitDecompress();

    [LibraryImport(Library)]
    private static partial int tjDecompressHeader3(nint decoder, byte[] jpeg, nuint size, out int width, out int height, out int subsampling, out int colorspace);

    [LibraryImport(Library)]
    private static partial int tjDecompress2(nint decoder, byte[] jpeg, nuint size, ref byte pixels, int width, int pitch, int height, int format, int flags);

    [LibraryImport(Library)]
    private static partial nint tjGetErrorStr2(nint decoder);

    [LibraryImport(Library)]
    private static partial int tjDestroy(nint decoder);
}
