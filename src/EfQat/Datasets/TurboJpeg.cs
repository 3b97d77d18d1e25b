using System.Runtime.InteropServices;

namespace EfQat.Datasets;

/// <summary>JPEG decoding by libjpeg-turbo's TurboJPEG interface.</summary>
static unsafe partial class TurboJpeg
{
    const string Library = "libturbojpeg.so.0";
    const int Rgb = 0, CmykPixels = 11; // pixel formats
    const int Cmyk = 3, Ycck = 4; // color spaces

    /// <summary>Decodes a square picture into <paramref name="planes"/>, [3, side, side].</summary>
    /// <exception cref="UserError">No library, not a JPEG picture, or of another size.</exception>
    public static void Decode(string path, int side, Span<byte> planes)
    {
        var (rgb, width, height) = Decode(path);
        if (width != side || height != side)
            throw new UserError($"{path}: the picture is {width}×{height}, {side}×{side} is needed; scale it");
        for (var i = 0; i < rgb.Length; i++)
            planes[i % 3 * side * side + i / 3] = rgb[i];
    }

    /// <summary>Decodes a picture of any size.</summary>
    /// <exception cref="UserError">No library, or not a JPEG picture.</exception>
    public static Picture Decode(string path) => Decode(path, File.ReadAllBytes(path));

    /// <summary>Decodes a picture in memory.</summary>
    /// <exception cref="UserError">No library, or not a JPEG picture; the message names <paramref name="path"/>.</exception>
    public static Picture Decode(string path, byte[] bytes)
    {
        var decoder = Create(path);
        try
        {
            if (tjDecompressHeader3(decoder, bytes, (nuint)bytes.Length, out var width, out var height, out _, out var colors) != 0)
                throw Damaged(path, decoder);
            var inks = colors is Cmyk or Ycck;
            var pixels = new byte[(inks ? 4 : 3) * width * height]; // [height, width, 3 or 4]
            if (tjDecompress2(decoder, bytes, (nuint)bytes.Length, pixels, width, 0, height, inks ? CmykPixels : Rgb, 0) != 0)
                throw Damaged(path, decoder);
            return new(inks ? OnPaper(pixels) : pixels, width, height);
        }
        finally
        {
            _ = tjDestroy(decoder);
        }
    }

    /// <summary>Some of ImageNet's pictures are for printing: their four values say how much paper the inks leave, black last.</summary>
    static byte[] OnPaper(byte[] inks)
    {
        var rgb = new byte[inks.Length / 4 * 3];
        for (var i = 0; i < rgb.Length; i++)
            rgb[i] = (byte)((inks[i / 3 * 4 + i % 3] * inks[i / 3 * 4 + 3] + 127) / 255);
        return rgb;
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
    private static partial int tjDecompress2(nint decoder, byte[] jpeg, nuint size, byte[] pixels, int width, int pitch, int height, int format, int flags);

    [LibraryImport(Library)]
    private static partial nint tjGetErrorStr2(nint decoder);

    [LibraryImport(Library)]
    private static partial int tjDestroy(nint decoder);
}
