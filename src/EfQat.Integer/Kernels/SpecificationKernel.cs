namespace EfQat.Integer.Kernels;

/// <summary>
/// code[y, x, k] = requantize(bias[k] + Σ w[k, r, s, c] · input[y·stride − padding + r·dilation, x·stride − padding + s·dilation, c], k).
/// </summary>
sealed unsafe class SpecificationKernel(ConvolutionLayer layer) : ConvolutionKernel(layer, KernelKind.Specification)
{
    private protected override void Compute(byte* input, int height, int width, byte* output, byte* scratch, Workers workers) =>
        workers.Run(new Rows(Layer, input, height, width, output), Layer.Shape.OutputHeight(height));

    readonly struct Rows(ConvolutionLayer layer, byte* input, int height, int width, byte* output) : IJob
    {
        public void Run(int y, int thread)
        {
            var (shape, outputWidth) = (layer.Shape, layer.Shape.OutputWidth(width));
            for (int x = 0; x < outputWidth; x++)
                for (int k = 0; k < shape.OutputChannels; k++)
                    output[(y * outputWidth + x) * shape.OutputChannels + k] = layer.Output.Apply(Sum(y, x, k), k);
        }

        int Sum(int y, int x, int k)
        {
            var shape = layer.Shape;
            int channels = shape.InputChannels / shape.Groups, first = k / (shape.OutputChannels / shape.Groups) * channels;
            int sum = layer.Bias[k], weight = k * shape.KernelHeight * shape.KernelWidth * channels;
            for (int r = 0; r < shape.KernelHeight; r++)
                for (int s = 0; s < shape.KernelWidth; s++)
                {
                    int row = y * shape.Stride - shape.Padding + r * shape.Dilation, column = x * shape.Stride - shape.Padding + s * shape.Dilation;
                    bool inside = row >= 0 && row < height && column >= 0 && column < width;
                    for (int c = 0; c < channels; c++)
                        sum += layer.Weights[weight++] * (inside ? input[(row * width + column) * shape.InputChannels + first + c] : layer.InputZero);
                }
            return sum;
        }
    }
}
