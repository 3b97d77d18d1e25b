using System.Buffers.Binary;
using System.Numerics;
using EfQat.Cli.Runs.TensorBoard;
using Google.Protobuf;

namespace EfQat.Cli.Runs;

/// <summary>
/// Scalars as TensorBoard reads them: a file of TFRecords, each its length, a checksum of that, an Event and a checksum of that. Every record
/// reaches the disk's cache as it is written, so that TensorBoard follows a running training.
/// </summary>
sealed class EventFile : IDisposable
{
    readonly FileStream file;
    readonly TimeProvider time;

    /// <param name="folder">Of the run; TensorBoard takes the files in it together, so a resumed run adds one.</param>
    /// <param name="time">The clock.</param>
    public EventFile(string folder, TimeProvider time)
    {
        this.time = time;
        Directory.CreateDirectory(folder);
        file = new(Path.Combine(folder, $"events.out.tfevents.{time.GetUtcNow().ToUnixTimeSeconds()}.{Environment.MachineName}.{Environment.ProcessId}"),
            FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        Write(new() { FileVersion = "brain.Event:2" });
    }

    /// <summary>Values at one step.</summary>
    public void Add(long step, params ReadOnlySpan<(string Tag, double Value)> scalars)
    {
        var summary = new Summary();
        foreach (var (tag, value) in scalars) summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });
        Write(new() { Step = step, Summary = summary });
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    void Write(Event what)
    {
        what.WallTime = time.GetUtcNow().ToUnixTimeMilliseconds() / 1e3;
        byte[] data = what.ToByteArray(), record = new byte[8 + 4 + data.Length + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Checksum(record.AsSpan(0, 8)));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), Checksum(data));
        file.Write(record);
    }

    /// <summary>CRC-32C, rotated and offset as TFRecord has it.</summary>
    static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data) crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }
}
