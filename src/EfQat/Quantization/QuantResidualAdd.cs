using EfQat.Backward;
using EfQat.Models;

namespace EfQat.Quantization;

/// <summary>
/// x + y as inference hardware adds: both operands are on grids. One that arrives as floats is quantized here; the sum is a float again,
/// which the ReLU behind it puts on its own grid.
/// </summary>
public sealed class QuantResidualAdd : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly FakeQuantize left, right;

    /// <summary>Quantizers for the operands; see <see cref="Quantize.Prepare"/>.</summary>
    public QuantResidualAdd(FakeQuantize left, FakeQuantize right) : base(nameof(QuantResidualAdd))
    {
        (this.left, this.right) = (left, right);
        RegisterComponents();
    }

    /// <summary>Quantizes the first operand where it arrives as floats.</summary>
    public FakeQuantize Left => left;

    /// <summary>Likewise the second.</summary>
    public FakeQuantize Right => right;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input1, Tensor input2) => OnGrid(input1, left) + OnGrid(input2, right);

    private static Tensor OnGrid(Tensor x, FakeQuantize quantizer) => GridTag.Of(x) is null ? quantizer.call(x) : HandedOn.Take(x);
}
