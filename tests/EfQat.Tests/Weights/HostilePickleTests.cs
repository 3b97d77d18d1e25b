using System.Text;
using EfQat.Weights;

namespace EfQat.Tests.Weights;

/// <summary>No file makes the reader run something, take much memory, or end in anything but a tensor or a clear error.</summary>
[Collection(nameof(TorchFiles))]
public sealed class HostilePickleTests(TorchFiles files)
{
    // The magic number, version 1001 and the machine, as torch.save writes them before the object.
    private static readonly byte[] Head = Bytes("\u0080\u0002\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.\u0080\u0002M\u00e9\u0003.\u0080\u0002}X\r\0\0\0little_endian\u0088s.\u0080\u0002");

    [SkippableTheory]
    [InlineData("system", "posix.system")]
    [InlineData("eval", "eval")]
    [InlineData("exec", "exec")]
    [InlineData("nested", "posix.system")]
    [InlineData("getattr", "getattr")]
    [InlineData("setstate", "efqat_state.State")]
    [InlineData("parameter", "posix.system")]
    public void What_would_run_is_named_and_not_run(string attack, string name)
    {
        _ = files.Saved;
        foreach (var kind in new[] { "evil.new", "evil.old", "evil4.new" })
        {
            string path = files[$"{attack}.{kind}"];
            string message = Assert.Throws<UserError>(() => WeightFile.Read(path)).Message;
            Assert.StartsWith($"{path}: it asks Python for ", message);
            Assert.Contains(name, message);
            Assert.Contains("torch.save(model.state_dict(), FILE)", message);
        }
        Assert.False(Directory.Exists(files.Trace));
    }

    [Theory]
    [InlineData("cos\nsystem\n(X\u0002\0\0\0lstR.", "os.system")]
    [InlineData("(X\u0002\0\0\0lsios\nsystem\n.", "0x69")] // INST
    [InlineData("(cos\nsystem\nX\u0002\0\0\0lso.", "os.system")] // OBJ
    [InlineData("(ccollections\nOrderedDict\no.", "0x6f")]
    [InlineData("ccollections\nOrderedDict\n)\u0081.", "0x81")] // NEWOBJ
    [InlineData("ccollections\nOrderedDict\n)}\u0092.", "0x92")]
    [InlineData("\u008c\u0002os\u008c\u0006system\u0093.", "os.system")] // STACK_GLOBAL
    [InlineData("\u0082\u0001.", "0x82")] // EXT1
    [InlineData("\u0084\u0001\0\0\0.", "0x84")]
    [InlineData("P0\n.", "0x50")] // PERSID
    [InlineData("ccollections\nOrderedDict\n}b.", "0x62")] // BUILD of a name
    [InlineData("ctorch\nFloatStorage\n)R.", "not used as PyTorch does")]
    [InlineData("ctorch\nload\n.", "torch.load")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R.", "not used as PyTorch does")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ffx.", "damaged")] // a text of 4 GB
    [InlineData("\u008e\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f.", "damaged")] // bytes of 9 EB
    [InlineData("r\u00ff\u00ff\u00ff\u00ff.", "damaged")] // a memo of 4 billion
    [InlineData(")r\u00ff\u00ff\u00ff\u00ff.", "damaged")]
    [InlineData("h\u0005.", "damaged")]
    [InlineData(".", "damaged")]
    [InlineData("(.", "damaged")]
    [InlineData("(\u0085.", "damaged")]
    [InlineData("N.\u0080\u0002].", "no dictionary of tensors")]
    public void Opcodes_that_would_do_more_than_state_data_are_refused(string pickle, string message) => AssertRefused([.. Head, .. Bytes(pickle)], message);

    [Theory]
    [InlineData(long.MaxValue, 0, 1, 1, "Arithmetic")] // bytes of the storage overflow
    [InlineData(1L << 40, 0, 1, 1, "incomplete")] // 4 TB where the file has none
    [InlineData(4, 0, 1L << 40, 0, "has no room")] // a thousand billion views of one number
    [InlineData(4, 2, 3, 1, "reaches element 4 of 4")]
    [InlineData(4, 0, 2, long.MaxValue, "reaches element")]
    [InlineData(4, long.MaxValue, 2, 1, "Arithmetic")]
    [InlineData(4, -1, 2, 1, "has no room")]
    [InlineData(4, 3, 2, -1, "has no room")]
    [InlineData(4, 0, -2, 1, "is no shape")]
    [InlineData(-4, 0, 1, 1, "names no storage")]
    public void Sizes_that_a_file_cannot_have_are_refused(long count, long offset, long size, long stride, string message) =>
        AssertRefused(
            [
                .. Head, .. Bytes("}X\u0001\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\0aX\u0003\0\0\0cpu"),
                .. Long(count), .. Bytes("tQ"), .. Long(offset), .. Long(size), .. Bytes("\u0085"), .. Long(stride), .. Bytes("\u0085\u0089NtRs.\u0080\u0002]X\u0001\0\0\0aa."),
                .. BitConverter.GetBytes(count), .. new byte[16],
            ],
            message);

    [Fact]
    public void Endless_pickles_and_deep_ones_end()
    {
        AssertRefused([.. Head, .. Enumerable.Repeat((byte)'N', 3_000_000)], "more than 2,000,000 steps");
        AssertRefused([.. Head, .. Enumerable.Repeat((byte)']', 100_000), .. Enumerable.Repeat((byte)'a', 99_999), .. Bytes(".\u0080\u0002].")], "no dictionary of tensors"); // 100,000 lists in lists
        AssertRefused([.. Head, .. Bytes("}X\u0001\0\0\0ah\0s.")], "damaged");
        AssertRefused([.. Head, .. Bytes("}q\0X\u0001\0\0\0ah\0s.\u0080\u0002].")], "no dictionary of tensors"); // a dictionary in itself
    }

    [SkippableTheory]
    [InlineData("small.new")]
    [InlineData("small.old")]
    public void A_thousand_damaged_files_load_or_end_in_an_error(string name)
    {
        _ = files.Saved;
        byte[] whole = File.ReadAllBytes(files[name]);
        var random = new Random(1);
        int read = 0;
        using var scope = NewDisposeScope();
        for (int i = 0; i < 500; i++)
        {
            var bytes = (byte[])whole.Clone();
            for (int k = random.Next(1, 6); k > 0; k--)
            {
                int at = random.Next(bytes.Length);
                if (random.Next(4) == 0) bytes[at] ^= (byte)(1 << random.Next(8));
                else bytes[at] = (byte)random.Next(256);
            }
            if (i % 10 == 0) bytes = bytes[..random.Next(bytes.Length)];
            File.WriteAllBytes(files["mutant"], bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var tensors = WeightFile.Read(files["mutant"]).Tensors.Values;
                Assert.True(tensors.Sum(tensor => tensor.numel() * tensor.element_size()) <= bytes.Length);
                read++;
            }
            catch (UserError error)
            {
                Assert.StartsWith(files["mutant"], error.Message);
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
        }
        Assert.InRange(read, 1, 499);
        Assert.False(Directory.Exists(files.Trace));
    }

    private void AssertRefused(byte[] content, string message)
    {
        File.WriteAllBytes(files["hostile"], content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string actual = Assert.Throws<UserError>(() => WeightFile.Read(files["hostile"])).Message;
        Assert.StartsWith(files["hostile"] + ": ", actual);
        Assert.Contains(message, actual);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000_000);
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Long(long value) => [0x8a, 8, .. BitConverter.GetBytes(value)];
}
