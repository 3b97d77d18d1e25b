using System.Buffers.Binary;
using System.Text;
using EfQat.Training;
using LocalTorch.Tests;

namespace EfQat.Tests.Training;

public sealed class SafeTensorsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("efqat-safetensors").FullName;

    string Path => System.IO.Path.Combine(_folder, "a.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static byte[] FileOf(string header, params byte[] data)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, text.Length);
        return [.. bytes, .. text, .. data];
    }

    static readonly byte[] Good = FileOf(
        """{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""",
        0, 0, 128, 63, 0, 0, 0, 192, 7, 8, 9); // 1f, -2f

    [Fact]
    public void A_file_made_by_hand_is_read()
    {
        File.WriteAllBytes(Path, Good);
        var (tensors, metadata) = SafeTensors.Read(Path);
        Assert.Equal("v", metadata["k"]);
        Assert.Equal([1L, 2], tensors["a"].shape);
        Assert.Equal([1f, -2f], tensors["a"].data<float>().ToArray());
        Assert.Equal([7, 8, 9], tensors["b"].data<byte>().ToArray());
    }

    [Fact]
    public void The_layout_is_the_published_one()
    {
        SafeTensors.Write(Path, new Dictionary<string, Tensor> { ["a"] = tensor(new[] { 1f, -2f }) }, new Dictionary<string, string> { ["k"] = "v" });
        var bytes = File.ReadAllBytes(Path);
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, length % 8);
        Assert.Equal("""{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", Encoding.UTF8.GetString(bytes, 8, length).TrimEnd(' '));
        Assert.Equal([0, 0, 128, 63, 0, 0, 0, 192], bytes[(8 + length)..]);
    }

    /// <summary>
    /// The reference implementation's layout, written in Python after its description: by type (enum order, descending), then by name; compact
    /// JSON, padded with spaces to 8 bytes; no metadata where there is none.
    /// </summary>
    [SkippableFact]
    public void A_file_in_Pythons_layout_comes_back_byte_for_byte()
    {
        PyTorch.Run($$"""
            import struct
            order = ['BOOL', 'U8', 'I8', 'I16', 'F16', 'BF16', 'I32', 'F32', 'F64', 'I64']
            size = [1, 1, 1, 2, 2, 2, 4, 4, 8, 8]
            tensors = [(name + kind.lower(), kind, shape) for kind in order for name, shape in (('b.', [2, 3]), ('a/\u00e9<"', []), ('B', [0, 4]))]
            tensors.sort(key=lambda t: (-order.index(t[1]), t[0]))
            for path, header in ('{{Path}}', {}), ('{{Path}}2', {'__metadata__': {'format': 'pt'} }):
                end = 0
                for name, kind, shape in tensors:
                    count = torch.Size(shape).numel() * size[order.index(kind)]
                    header[name] = {'dtype': kind, 'shape': shape, 'data_offsets': [end, end + count]}
                    end += count
                text = json.dumps(header, separators=(',', ':'), ensure_ascii=False).encode()
                text += b' ' * (-len(text) % 8)
                open(path, 'wb').write(struct.pack('<Q', len(text)) + text + bytes(i % 2 for i in range(end)))
            print('0')
            """);
        Assert.All([Path, Path + "2"], path =>
        {
            var original = File.ReadAllBytes(path);
            var (tensors, metadata) = SafeTensors.Read(path);
            SafeTensors.Write(path, tensors.Reverse().ToDictionary(), metadata);
            Assert.Equal(original, File.ReadAllBytes(path));
        });
    }

    [Fact]
    public void Half_precision_keeps_its_bits()
    {
        File.WriteAllBytes(Path, FileOf("""{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]}}""", 0, 60, 128, 63)); // 1, 1
        var tensors = SafeTensors.Read(Path).Tensors;
        Assert.Equal([1f, 1f], new[] { "h", "b" }.Select(name => tensors[name].to(ScalarType.Float32).item<float>()));
        SafeTensors.Write(Path, tensors, new Dictionary<string, string>());
        Assert.Equal([128, 63, 0, 60], File.ReadAllBytes(Path)[^4..]); // by type
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""")] // overlap
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""")] // bytes left over
    [InlineData("""{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}""")] // beyond the end
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[-1,7]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[8]}}""")]
    [InlineData("""{"a":{"dtype":"Q9","shape":[8],"data_offsets":[0,8]}}""")]
    [InlineData("""{"a":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,8]}}""")]
    [InlineData("""{"a":{"dtype":"F64","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""")]
    [InlineData("""{"a":{"shape":[8],"data_offsets":[0,8]}}""")]
    [InlineData("""{"a":3}""")]
    [InlineData("[]")]
    [InlineData("not JSON")]
    public void Malformed_headers_are_refused(string header)
    {
        File.WriteAllBytes(Path, FileOf(header, 1, 2, 3, 4, 5, 6, 7, 8));
        Assert.Contains(Path, Assert.Throws<UserError>(() => SafeTensors.Read(Path)).Message);
    }

    [Fact]
    public void An_unknown_dtype_is_named_with_its_tensor()
    {
        File.WriteAllBytes(Path, FileOf("""{"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}""", 0));
        var error = Assert.Throws<UserError>(() => SafeTensors.Read(Path));
        Assert.StartsWith($"{Path}: w has dtype 'F8_E4M3'; readable are I64, F64, F32, I32, BF16,", error.Message);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused() =>
        Assert.All(Enumerable.Range(0, Good.Length), length =>
        {
            File.WriteAllBytes(Path, Good[..length]);
            Assert.Throws<UserError>(() => SafeTensors.Read(Path));
        });

    [Fact]
    public void Damage_ends_in_no_other_exception()
    {
        var random = new Random(1);
        for (var i = 0; i < 500; i++)
        {
            var bytes = (byte[])Good.Clone();
            for (var k = random.Next(1, 4); k > 0; k--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(Path, bytes);
            try { SafeTensors.Read(Path); }
            catch (UserError) { }
        }
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file()
    {
        File.WriteAllBytes(Path, Good);
        File.CreateSymbolicLink(Path + ".unfinished", "/dev/full");
        var error = Assert.Throws<UserError>(() => SafeTensors.Write(Path, new Dictionary<string, Tensor> { ["a"] = zeros(1 << 20) }, new Dictionary<string, string>()));
        Assert.Contains("untouched", error.Message);
        Assert.Equal(Good, File.ReadAllBytes(Path));
        Assert.Equal([Path], Directory.GetFiles(_folder));
    }
}
