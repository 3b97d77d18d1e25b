using static TorchSharp.torch;

namespace LocalTorch.Tests;

static class LiveTensors
{
    /// <summary>Those that earlier tests dropped undisposed are finalized first, not in the middle of the test that counts.</summary>
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
