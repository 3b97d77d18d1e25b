using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using EfQat.Datasets;
#if LOCAL_TORCH
using LocalTorch;
#endif

namespace EfQat.Training;

/// <summary>Where a worker stands among the others, as torchrun tells it: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT.</summary>
/// <param name="Rank">Its number, from 0.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Host">Where the first one listens.</param>
/// <param name="Port">Likewise.</param>
public sealed record WorkerPlace(int Rank, int Count, string Host, int Port)
{
    /// <summary>Null where this process works alone.</summary>
    /// <exception cref="UserError">WORLD_SIZE is set and what belongs to it is not.</exception>
    public static WorkerPlace? FromEnvironment()
    {
        if (Environment.GetEnvironmentVariable("WORLD_SIZE") is null or "" or "1") return null;
        var place = new WorkerPlace(
            Number("RANK"), Number("WORLD_SIZE"),
            Environment.GetEnvironmentVariable("MASTER_ADDR") ?? throw new UserError("MASTER_ADDR: not set, and WORLD_SIZE is; set it to the first worker's host"),
            Number("MASTER_PORT"));
        return place.Rank < place.Count ? place : throw new UserError($"RANK: {place.Rank} where WORLD_SIZE is {place.Count}; workers count from 0");
    }

    private static int Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new UserError($"{name}: '{Environment.GetEnvironmentVariable(name)}' where WORLD_SIZE is set; set RANK, WORLD_SIZE and MASTER_PORT to whole numbers, as torchrun does");
}

/// <summary>
/// Processes that train one model on shares of every batch, each on a copy of its own. They begin with the first one's state and make the same
/// updates from the same gradients, so that the copies stay equal to the bit. BatchNorm sees the worker's own share, as in PyTorch's
/// DistributedDataParallel; running statistics are the first worker's.
/// </summary>
public sealed class WorkerGroup : IDisposable
{
    private readonly ProcessGroup group;
    private readonly Device device;
    private readonly TimeSpan timeout;
    private bool lost;

    /// <summary>Waits until all are there.</summary>
    /// <param name="place">Among the others.</param>
    /// <param name="device">Where tensors live.</param>
    /// <param name="timeout">How long a worker waits for another one, here and at every step.</param>
    /// <exception cref="UserError">Not all came in time, or this libtorch cannot connect them.</exception>
    public WorkerGroup(WorkerPlace place, Device device, TimeSpan timeout)
    {
        (Rank, Count, this.device, this.timeout) = (place.Rank, place.Count, device, timeout);
        try
        {
            group = new(place.Rank, place.Count, place.Host, place.Port, device.type == DeviceType.CUDA, timeout);
        }
        catch (ExternalException problem)
        {
            throw new UserError(
                $"worker {Rank} of {Count}: the workers did not find each other at {place.Host}:{place.Port} within {timeout.TotalSeconds:0} s "
                + $"({FirstLine(problem)}); start all of them, with the same MASTER_ADDR and MASTER_PORT");
        }
    }

    /// <summary>This worker's number, from 0. The first one prints and saves.</summary>
    public int Rank { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>This worker's share of every batch.</summary>
    public Shard Shard => new(Rank, Count);

    /// <summary>Overwrites tensors with the first worker's.</summary>
    public void TakeFirst(IEnumerable<Tensor> tensors)
    {
        using var off = no_grad();
        foreach (var tensor in tensors)
        {
            using var scope = NewDisposeScope();
            var dense = tensor.detach().to(device).contiguous();
            Talk(() => group.Broadcast(dense));
            tensor.copy_(dense);
        }
    }

    /// <summary>The sums of numbers over all workers.</summary>
    public double[] Sum(params double[] numbers)
    {
        using var scope = NewDisposeScope();
        var sum = tensor(numbers, device: device);
        BeginSum(sum)();
        return sum.cpu().data<double>().ToArray();
    }

    /// <summary>Everyone's tensor. // [workers, n]</summary>
    /// <param name="own">This worker's. // [n]</param>
    public Tensor Gather(Tensor own)
    {
        var all = zeros([Count, own.numel()], own.dtype, device);
        all[Rank].copy_(own);
        BeginSum(all)();
        return all.cpu();
    }

    /// <summary>Begins to replace a tensor by its sum over all workers; the result waits for the end.</summary>
    internal Action BeginSum(Tensor tensor)
    {
        var work = default(ProcessGroup.Work);
        Talk(() => work = group.AllReduce(tensor));
        return () => Talk(work.Wait);
    }

    /// <summary>Checks that all workers' copies of a model are equal to the bit.</summary>
    /// <exception cref="UserError">They are not.</exception>
    public void CheckEqual(nn.Module model)
    {
        using var scope = NewDisposeScope();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (_, values) in model.state_dict()) hash.AppendData(values.detach().cpu().contiguous().bytes);
        double digest = BitConverter.ToUInt32(hash.GetHashAndReset());
        if (Sum(digest)[0] != digest * Count)
            throw new UserError($"worker {Rank} of {Count}: the workers' models are no longer equal; use the same build, data and device for all of them");
    }

    /// <summary>Closes the connections; where a worker is lost the end of the process does, so as not to wait for it.</summary>
    public void Dispose()
    {
        if (!lost) group.Dispose();
    }

    private void Talk(Action call)
    {
        try
        {
            call();
        }
        catch (ExternalException problem)
        {
            lost = true;
            throw new WorkerLostException($"worker {Rank} of {Count}: another worker is gone, or has not answered for {timeout.TotalSeconds:0} s ({FirstLine(problem)})");
        }
    }

    private static string FirstLine(Exception problem) => problem.Message.Split('\n')[0];
}

/// <summary>Another worker is gone; the last checkpoint holds.</summary>
sealed class WorkerLostException(string message) : Exception(message);
