using EfQat.Integer.Kernels;

namespace EfQat.Integer.Program;

/// <summary>What a step reads and writes.</summary>
internal readonly ref struct StepData(IntegerSession session, int step, ReadOnlySpan<float> image, Span<float> logits)
{
    private const int Few = 1 << 13;
    private readonly Step self = session.Program.Steps[step];

    /// <summary>The network's input. // [H, W, C]</summary>
    public ReadOnlySpan<float> Image { get; } = image;

    /// <summary>The network's output. // [classes]</summary>
    public Span<float> Logits { get; } = logits;

    public Span<byte> Output => session.Codes(step);
    public CodeShape OutputShape => session.Program.Shapes[step];
    public ReadOnlySpan<byte> Input(int index = 0) => session.Codes(self.From[index]);
    public CodeShape InputShape(int index = 0) => session.Program.Shapes[self.From[index]];

    /// <summary>Of a convolution: its kernel, packed weights included.</summary>
    public ConvolutionKernel Kernel => session.Kernels[step]!;

    public Span<byte> Scratch => session.Scratch;
    public Workers Workers => session.Workers;

    /// <summary>Lets threads share the rows; few codes are not worth waking them.</summary>
    public void ShareRows()
    {
        int pieces = Math.Clamp(OutputShape.Count / Few, 1, OutputShape.Height);
        Workers.Run(new Rows(session, step, pieces), pieces);
    }

    private readonly struct Rows(IntegerSession session, int step, int pieces) : IJob
    {
        public void Run(int piece, int thread)
        {
            var (from, to) = Workers.Part(session.Program.Shapes[step].Height, piece, pieces);
            ((RowStep)session.Program.Steps[step]).Run(new(session, step, default, default), from, to);
        }
    }
}
