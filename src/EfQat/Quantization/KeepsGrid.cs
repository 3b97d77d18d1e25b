namespace EfQat.Quantization;

/// <summary>
/// An operator that returns values of its input or zeros: what arrives on a grid leaves on it, with its integers, and nobody quantizes it again.
/// As inference hardware does:
/// <list type="bullet">
/// <item>max pooling, slicing and flattening select codes; zero padding pads with the zero point, for zero lies on every grid;</item>
/// <item>average pooling and additions sum into wider integers: they leave the grid, and who reads the result quantizes it.</item>
/// </list>
/// </summary>
public sealed class KeepsGrid : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> origin;

    /// <summary>Takes a module's place.</summary>
    /// <param name="origin">Selects, moves, or pads with zeros.</param>
    public KeepsGrid(nn.Module<Tensor, Tensor> origin) : base(nameof(KeepsGrid))
    {
        this.origin = origin;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        var output = origin.call(input);
        if (GridTag.Of(input) is { } integers) GridTag.Attach(output, integers.ReadOff(output) with { Moves = [.. integers.Moves, this] });
        return output;
    }
}
