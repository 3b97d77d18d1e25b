using System.Buffers.Binary;
using EfQat.Cli.Runs;
using EfQat.Cli.Runs.TensorBoard;
using EfQat.Training;

namespace EfQat.Cli.Tests;

public sealed class RunsTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("efqat-runs-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void EventsAreTFRecordsWithTheirChecksums()
    {
        using (var events = new EventFile(folder, TimeProvider.System)) events.Add(7, ("loss/train", 0.5), ("top1/test", 91.25));
        var records = Records(File.ReadAllBytes(Directory.GetFiles(folder, "events.out.tfevents.*").Single())).ToArray();
        Assert.Equal("brain.Event:2", records[0].FileVersion);
        Assert.Equal((7, "loss/train", 0.5f), (records[1].Step, records[1].Summary.Value[0].Tag, records[1].Summary.Value[0].SimpleValue));
        Assert.Equal(("top1/test", 91.25f), (records[1].Summary.Value[1].Tag, records[1].Summary.Value[1].SimpleValue));
        Assert.Equal(2, records.Length);
    }

    [Fact]
    public void TheChecksumIsCastagnolis() => Assert.Equal(0xE3069283, Crc32C("123456789"u8));

    [Fact]
    public void AnInterruptedRunsRecordGoesOn()
    {
        Record("a", seed: 1, epochs: [0], interrupted: true);
        var first = RunRecord.Load(Path.Combine(folder, "a"));
        Assert.Equal((RunState.Interrupted, 1), (first.State, first.Epochs.Count));
        Record("a", seed: 1, epochs: [1], interrupted: false);
        var second = RunRecord.Load(Path.Combine(folder, "a"));
        Assert.Equal((RunState.Finished, first.Started), (second.State, second.Started));
        Assert.Equal([new(1, 2, 1.5, 40, 50), new(2, 4, 1.5, 40, 51)], second.Epochs);
        Assert.True(second.Seconds >= first.Seconds);
    }

    [Fact]
    public void AnotherRunsRecordIsReplaced()
    {
        Record("a", seed: 1, epochs: [0, 1], interrupted: false);
        Record("a", seed: 2, epochs: [0], interrupted: false);
        Assert.Single(RunRecord.Load(Path.Combine(folder, "a")).Epochs);
    }

    [Fact]
    public async Task ListAndCompareShowWhatDiffers()
    {
        Record("a", seed: 1, epochs: [0], interrupted: false);
        Record("b", seed: 2, epochs: [0, 1], interrupted: true);
        Directory.CreateDirectory(Path.Combine(folder, "damaged"));
        File.WriteAllText(Path.Combine(folder, "damaged", "run.json"), "{ \"epochs\": 3 }");

        var (code, output, error) = await Shell.Run("runs", "list", folder);
        Assert.Equal(0, code);
        Assert.Contains("interrupted", output);
        Assert.Contains("51.00", output);
        Assert.Contains($"left out: {Path.Combine(folder, "damaged", "run.json")}", error);

        string page = Path.Combine(folder, "compare.html");
        (code, output, _) = await Shell.Run("runs", "compare", Path.Combine(folder, "a"), Path.Combine(folder, "b"), "--out", page);
        Assert.Equal(0, code);
        Assert.Contains("seed", output);
        Assert.DoesNotContain("model", output); // the same in both
        Assert.Contains("Top-1 on the test set", File.ReadAllText(page));
    }

    [Fact]
    public async Task WhatIsNoRunIsAnErrorThatNamesTheFile()
    {
        var (code, _, error) = await Shell.Run("runs", "compare", folder, folder);
        Assert.Equal(1, code);
        Assert.Contains(Path.Combine(folder, "run.json"), error);
    }

    /// <summary>A run of two steps an epoch, whose epoch e ends at 50 + e percent.</summary>
    void Record(string name, int seed, int[] epochs, bool interrupted)
    {
        using var recorder = new RunRecorder(
            new Silent(), Path.Combine(folder, name), "train", new Dictionary<string, string> { ["model"] = "resnet20", ["seed"] = $"{seed}" }, "cpu");
        foreach (int epoch in epochs)
        {
            recorder.OnStep(new(epoch, 2 * epoch + 1, 4, Loss: 2, Accuracy: 30, SamplesPerSecond: 100, TimeSpan.Zero));
            recorder.OnStep(new(epoch, 2 * epoch + 2, 4, Loss: 1, Accuracy: 40, SamplesPerSecond: 100, TimeSpan.Zero));
            recorder.OnEvaluation(epoch, 50 + epoch);
        }
        recorder.End(interrupted);
    }

    static IEnumerable<Event> Records(byte[] file)
    {
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            var data = file.AsSpan(at + 12, length);
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            yield return Event.Parser.ParseFrom(file, at + 12, length);
            at += 16 + length;
        }
    }

    static uint Masked(ReadOnlySpan<byte> data) => Crc32C(data) is var crc ? ((crc >> 15) | (crc << 17)) + 0xA282EAD8 : 0;

    /// <summary>Bit by bit, from the reversed polynomial.</summary>
    static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }
        return ~crc;
    }

    sealed class Silent : ITrainingMonitor
    {
        public void OnStep(in StepInfo info) { }

        public void OnEvaluation(int epoch, double top1) { }
    }
}
