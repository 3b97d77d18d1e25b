using System.IO.Compression;
using EfQat.Weights;
using LocalTorch.Tests;

namespace EfQat.Tests.Weights;

[Collection(nameof(TorchFiles))]
public sealed class TorchFileTests(TorchFiles files)
{
    [SkippableTheory]
    [InlineData("state.new", "PyTorch, zip")]
    [InlineData("state.old", "PyTorch, before 1.6")]
    [InlineData("protocol4.new", "PyTorch, zip")]
    [InlineData("nested.new", "PyTorch, zip")]
    [InlineData("nested.old", "PyTorch, before 1.6")]
    public void Every_type_and_view_has_PyTorchs_values(string name, string format)
    {
        using var scope = NewDisposeScope();
        var expected = files.Saved;
        var file = WeightFile.Read(files[name]);
        Assert.Equal(format, file.Format);
        Assert.Equal(expected.EnumerateObject().Select(property => property.Name), file.Tensors.Keys);
        foreach (var tensor in expected.EnumerateObject())
        {
            var actual = file.Tensors[tensor.Name];
            Assert.Equal(tensor.Value[0].EnumerateArray().Select(size => size.GetInt64()), actual.shape);
            Assert.Equal(tensor.Value[1].Doubles(), actual.to(ScalarType.Float64).contiguous().data<double>().ToArray());
        }
        ScalarType[] types =
        [
            ScalarType.Float32, ScalarType.Float64, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32, ScalarType.Int16,
            ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
        ];
        Assert.Equal(types, file.Tensors.Values.Take(types.Length).Select(tensor => tensor.dtype));
    }

    [SkippableFact]
    public void Views_of_one_storage_share_it()
    {
        using var scope = NewDisposeScope();
        _ = files.Saved;
        var tensors = WeightFile.Read(files["state.new"]).Tensors;
        tensors["base"].fill_(5);
        Assert.Equal(Enumerable.Repeat(5f, 6), tensors["row"].data<float>().ToArray());
    }

    [SkippableFact]
    public void What_a_checkpoint_says_beside_its_tensors_is_kept()
    {
        using var scope = NewDisposeScope();
        _ = files.Saved;
        var metadata = WeightFile.Read(files["nested.new"]).Metadata;
        Assert.Equal(new Dictionary<string, string> { ["epoch"] = "7", ["best"] = "91.5", ["name"] = "n" }, metadata);
    }

    [SkippableFact]
    public void A_big_endian_or_compressed_or_overlapping_archive_is_refused()
    {
        _ = files.Saved;
        Assert.Contains("big-endian", Refusal(archive => Write(archive, "small/byteorder", "big"u8)));
        Assert.Contains("compressed", Refusal(archive =>
        {
            archive.GetEntry("small/data/0")!.Delete();
            Write(archive, "small/data/0", new byte[24], CompressionLevel.SmallestSize);
        }));
        Assert.Contains("storage 1 has 24 bytes where 8 belong", Refusal(archive =>
        {
            archive.GetEntry("small/data/1")!.Delete();
            Write(archive, "small/data/1", new byte[24]);
        }));
        Assert.Contains("missing", Refusal(archive => archive.GetEntry("small/data/1")!.Delete()));
    }

    [SkippableFact]
    public void Dictionaries_of_several_models_are_not_mixed_up()
    {
        _ = files.Saved;
        Assert.Contains("several dictionaries of tensors (g, d)", Assert.Throws<UserError>(() => WeightFile.Read(files["several.new"])).Message);
        Assert.Contains("no dictionary of tensors", Assert.Throws<UserError>(() => WeightFile.Read(files["none.old"])).Message);
    }

    private string Refusal(Action<ZipArchive> change)
    {
        File.Copy(files["small.new"], files["changed"], overwrite: true);
        using (var archive = ZipFile.Open(files["changed"], ZipArchiveMode.Update))
        {
            change(archive);
        }
        return Assert.Throws<UserError>(() => WeightFile.Read(files["changed"])).Message;
    }

    private static void Write(ZipArchive archive, string name, ReadOnlySpan<byte> content, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var stream = archive.CreateEntry(name, level).Open();
        stream.Write(content);
    }
}
