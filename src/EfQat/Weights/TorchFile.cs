using System.IO.Compression;
using System.Numerics;

namespace EfQat.Weights;

/// <summary>
/// What torch.save writes: since PyTorch 1.6 a zip archive of a pickle and one stored entry for each storage; before, pickles in a row (a magic
/// number, the version, the machine, the object, the keys of its storages), then the storages, each after its count.
/// </summary>
internal static class TorchFile
{
    private const string BigEndian = "it was written on a big-endian machine; save it again on another";
    private const long OldVersion = 1001;
    private static readonly BigInteger OldMagic = BigInteger.Parse("119547037146038801333356");

    public static (Dictionary<string, Tensor>, Dictionary<string, string>) ReadZip(Stream file)
    {
        using var zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
        const string pickleName = "data.pkl";
        var pickle = zip.Entries.FirstOrDefault(entry => entry.Name == pickleName)
            ?? throw new InvalidDataException($"the archive has no {pickleName}");
        string folder = pickle.FullName[..^pickleName.Length];
        long read = 0;

        byte[] Content(ZipArchiveEntry? entry)
        {
            var content = new byte[Checked(entry).Length];
            Fill(entry!, content);
            return content;
        }

        // A storage may lie in the file only once: entries that lie over each other would make a small file fill the memory.
        ZipArchiveEntry Checked(ZipArchiveEntry? entry) =>
            entry is not null && entry.Length == entry.CompressedLength && (read += entry.Length) <= file.Length
                ? entry
                : throw new InvalidDataException($"entry {entry?.Name} of the archive is missing, compressed or too long");

        if (zip.GetEntry(folder + "byteorder") is { } order && !Content(order).AsSpan().SequenceEqual("little"u8))
            throw new InvalidDataException(BigEndian);
        return StateDict.Of(new PickleReader(new MemoryStream(Content(pickle))).Read(), storage =>
        {
            var entry = Checked(zip.GetEntry($"{folder}data/{storage.Key}"));
            if (entry.Length != storage.Bytes)
                throw new InvalidDataException($"storage {storage.Key} has {entry.Length} bytes where {storage.Bytes} belong");
            var numbers = empty(storage.Count, storage.Type);
            Fill(entry, numbers.bytes);
            return numbers;
        });
    }

    public static (Dictionary<string, Tensor>, Dictionary<string, string>) ReadOld(Stream file)
    {
        var pickles = new PickleReader(file);
        if (pickles.Read() is not BigInteger magic || magic != OldMagic || pickles.Read() is not OldVersion)
            throw new InvalidDataException("it is no file of torch.save");
        if (pickles.Read() is not PickledDict machine || machine["little_endian"] is not true) throw new InvalidDataException(BigEndian);
        object? root = pickles.Read();
        var starts = new Dictionary<string, long>();
        using var numbers = new BinaryReader(file);
        foreach (object? key in pickles.Read() as List<object?> ?? throw new InvalidDataException("the list of storages is missing"))
        {
            if (key is not string name || !pickles.Storages.TryGetValue(name, out var storage) || numbers.ReadInt64() != storage.Count
                || !starts.TryAdd(name, file.Position) || storage.Bytes > file.Length - file.Position)
                throw new InvalidDataException($"storage {key} is incomplete or none of its own");
            file.Position += storage.Bytes;
        }
        return StateDict.Of(root, storage =>
        {
            if (!starts.TryGetValue(storage.Key, out long start)) throw new InvalidDataException($"storage {storage.Key} is missing");
            file.Position = start;
            var tensor = empty(storage.Count, storage.Type);
            file.ReadExactly(tensor.bytes);
            return tensor;
        });
    }

    private static void Fill(ZipArchiveEntry entry, Span<byte> target)
    {
        using var stream = entry.Open();
        stream.ReadExactly(target);
    }
}
