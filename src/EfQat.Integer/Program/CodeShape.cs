namespace EfQat.Integer.Program;

/// <summary>The sizes of a picture of codes: bytes, channels last. // [H, W, C]</summary>
public readonly record struct CodeShape(int Height, int Width, int Channels)
{
    /// <summary>H·W·C.</summary>
    public int Count => checked(Height * Width * Channels);

    /// <inheritdoc/>
    public override string ToString() => $"{Channels}×{Height}×{Width}";
}
