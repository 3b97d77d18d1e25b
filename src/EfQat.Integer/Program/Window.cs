namespace EfQat.Integer.Program;

/// <summary>The windows of a pooling.</summary>
/// <param name="Height">Rows of a window.</param>
/// <param name="Width">Columns of a window.</param>
/// <param name="Stride">In both directions.</param>
/// <param name="Padding">Rows above and below, columns left and right; fewer than a window has, or one would hold nothing.</param>
/// <param name="Ceiling">A last window that reaches beyond the padding counts, if it begins inside.</param>
public sealed record Window(int Height, int Width, int Stride, int Padding = 0, bool Ceiling = false)
{
    /// <summary>As many windows as fit; below 1 where none does.</summary>
    public CodeShape Output(CodeShape input) => input with { Height = Fit(input.Height, Height), Width = Fit(input.Width, Width) };

    /// <summary>The rows, or columns, of window <paramref name="index"/> that lie in the picture.</summary>
    public (int From, int To) Inside(int index, int size, int length) =>
        (Math.Max(index * Stride - Padding, 0), Math.Min(index * Stride - Padding + size, length));

    private int Fit(int length, int size)
    {
        int space = length + 2 * Padding - size;
        if (space < 0 || Stride < 1 || size <= Math.Max(Padding, 0)) return 0;
        int windows = (space + (Ceiling ? Stride - 1 : 0)) / Stride + 1;
        return (windows - 1) * Stride >= length + Padding ? windows - 1 : windows;
    }
}
