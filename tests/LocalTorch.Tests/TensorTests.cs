using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LocalTorch.Tests;

public class TensorTests
{
    [Fact]
    public void Arithmetic_matches_plain_arrays()
    {
        float[] a = [1, -2, 3.5f], b = [0.5f, 4, -1];
        using var scope = NewDisposeScope();
        var (x, y) = (tensor(a), tensor(b));
        Assert.Equal(a.Zip(b, (p, q) => p + q), (x + y).data<float>().ToArray());
        Assert.Equal(a.Zip(b, (p, q) => p - q), (x - y).data<float>().ToArray());
        Assert.Equal(a.Zip(b, (p, q) => p * q), (x * y).data<float>().ToArray());
        Assert.Equal(a.Zip(b, (p, q) => p / q), (x / y).data<float>().ToArray());
        Assert.Equal(a.Select(p => 2 - p), (2 - x).data<float>().ToArray());
        Assert.Equal(a.Select(p => p > 0), (x > 0).data<bool>().ToArray());
        Assert.Equal(2.5f, x.sum().item<float>());
        Assert.Equal(-2, x.to(int64).min().item<long>());
    }

    [Fact]
    public void Rounding_goes_half_to_even() =>
        Assert.Equal([-2f, -2f, 0f, 0f, 2f, 2f, 4f], tensor(new[] { -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f, 3.5f }).round().data<float>().ToArray());

    [Fact]
    public void Indexing_selects_as_python_does()
    {
        using var scope = NewDisposeScope();
        var x = arange(24).reshape(2, 3, 4);
        Assert.Equal([3L], x[0, 0, 3].reshape(1).data<long>().ToArray());
        Assert.Equal([2, 3, 2], x[TensorIndex.Ellipsis, TensorIndex.Slice(step: 2)].shape);
        Assert.Equal([0L, 2, 4, 6, 8, 10], x[0, TensorIndex.Colon, TensorIndex.Slice(step: 2)].data<long>().ToArray());
        Assert.Equal([12L, 13, 14, 15], x[1, 0].data<long>().ToArray());
        Assert.Equal([20L, 21, 22, 23, 12, 13, 14, 15], x[1, TensorIndex.Tensor(tensor(new long[] { 2, 0 }))].data<long>().ToArray());
        x[0, 0] = zeros(4, int64);
        Assert.Equal(276 - 6, x.sum().item<long>());
    }

    [Fact]
    public void A_transposed_tensor_reads_in_its_own_order()
    {
        using var x = arange(6).reshape(2, 3).t();
        Assert.Equal([0L, 3, 1, 4, 2, 5], x.data<long>().ToArray());
        Assert.Equal(4, x.data<long>()[1, 1]);
    }

    [Fact]
    public void Errors_carry_libtorchs_first_line()
    {
        var error = Assert.Throws<ExternalException>(() => zeros(2, 3) .matmul(zeros(2, 3)));
        Assert.StartsWith("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", error.Message);
    }

    [Fact]
    public void A_disposed_tensor_says_so() =>
        Assert.Throws<ObjectDisposedException>(() =>
        {
            var x = zeros(1);
            x.Dispose();
            return x.shape;
        });

    [Fact]
    public void A_scope_disposes_what_was_not_moved_out()
    {
        Tensor kept, lost, moved;
        using (var outer = NewDisposeScope())
        {
            using (var inner = NewDisposeScope())
            {
                (lost, moved) = (zeros(1), zeros(1).MoveToOuterDisposeScope());
                kept = zeros(1).DetachFromDisposeScope();
            }
            Assert.True(lost.IsInvalid);
            Assert.False(moved.IsInvalid);
        }
        Assert.True(moved.IsInvalid);
        Assert.False(kept.IsInvalid);
        kept.Dispose();
    }

#if LOCAL_TORCH
    [Fact]
    public void Finalizers_on_other_threads_free_what_nobody_disposed()
    {
        long before = TorchMemory.LiveBytes;
        for (int round = 0; round < 20; round++)
        {
            var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
            {
                for (int i = 0; i < 100; i++) zeros(1000).add_(1);
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        // 8,000 tensors of 4,000 bytes were made; other tests of the assembly may hold a few.
        Assert.InRange(TorchMemory.LiveBytes - before, -4_000_000, 4_000_000);
    }

    [Fact]
    public void Freed_memory_is_kept_within_twice_what_was_live_at_once()
    {
        const long Megabyte = 1 << 20, Most = 256 * Megabyte;
        for (long size = 32 * Megabyte; size <= Most; size += 8 * Megabyte) empty(size, uint8).Dispose();
        Assert.InRange(TorchMemory.LiveBytes + TorchMemory.CachedBytes, Most, 2.25 * Most);  // other tests may have had a little more live
        TorchMemory.Trim();
        Assert.Equal(0, TorchMemory.CachedBytes);
    }
#endif

    [Fact]
    public void The_seed_decides_the_numbers_and_the_state_goes_on()
    {
        manual_seed(7);
        var first = randn(5).data<float>().ToArray();
        using var state = get_rng_state();
        var next = randn(5).data<float>().ToArray();
        manual_seed(7);
        Assert.Equal(first, randn(5).data<float>().ToArray());
        set_rng_state(state);
        Assert.Equal(next, randn(5).data<float>().ToArray());
    }

    [SkippableFact]
    public void Cuda_gives_what_the_cpu_gives()
    {
        Skip.IfNot(cuda.is_available(), "no CUDA device on this machine, or a libtorch without CUDA");
        manual_seed(1);
        using var x = randn(64, 64);
        Assert.True(x.matmul(x).allclose(x.cuda().matmul(x.cuda()).cpu(), rtol: 1e-4, atol: 1e-4));
    }
}
