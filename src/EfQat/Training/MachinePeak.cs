using System.Diagnostics;
using EfQat.Backward;

namespace EfQat.Training;

/// <summary>What a device does at best with these threads, measured: the floor under the time of any work on it.</summary>
/// <param name="Flops">Floating-point operations in a second, in products of large square float32 matrices.</param>
/// <param name="Bandwidth">Bytes read and written in a second, in copies far larger than a CPU's caches.</param>
public sealed record MachinePeak(double Flops, double Bandwidth)
{
    private const int Trials = 10;

    /// <summary>The fastest of ten products and of ten copies: what else runs on the machine can only make them slower.</summary>
    public static MachinePeak Measure(Device device)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var (side, count) = device.type == DeviceType.CUDA ? (8192L, 1L << 28) : (1536L, 1L << 25);
        var (a, b) = (randn(side, side, device: device), randn(side, side, device: device));
        var (from, to) = (ones(count, device: device), zeros(count, device: device));
        return new(2.0 * side * side * side / Fastest(() => a.matmul(b).Dispose()), 2.0 * sizeof(float) * count / Fastest(() => to.copy_(from)));

        double Fastest(Action work) => Enumerable.Range(0, Trials).Min(_ =>
        {
            var clock = Stopwatch.StartNew();
            work();
            if (device.type == DeviceType.CUDA) torch.cuda.synchronize();
            return clock.Elapsed.TotalSeconds;
        });
    }

    /// <summary>
    /// Milliseconds below which a backward pass cannot go that does these multiply-adds and finds its operands in memory: the products at the peak, or
    /// their operands at the bandwidth, whichever takes longer.
    /// <list type="bullet">
    /// <item>Counted: ∂L/∂X and ∂L/∂W of convolutions and linear layers.</item>
    /// <item>Not counted: normalizations, quantizers, additions, attention and the loss, as if they were done on the way from one product to the next.</item>
    /// <item>An algorithm with fewer multiply-adds (Winograd's for 3×3 kernels), a reduced precision (TF32) or operands that are still in a cache may go
    /// below.</item>
    /// </list>
    /// </summary>
    /// <param name="work">Multiply-adds: two operations each.</param>
    /// <param name="bytes">Of <see cref="OperandBytes"/>.</param>
    public double FloorMs(MultiplyAdds work, long bytes) => 1e3 * Math.Max(2.0 * work.Total / Flops, bytes / Bandwidth);
}
