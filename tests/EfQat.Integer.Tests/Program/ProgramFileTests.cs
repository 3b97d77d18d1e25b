using EfQat.Integer.Compilation;
using EfQat.Integer.Kernels;
using EfQat.Integer.Program;
using EfQat.Integer.Tests.Compilation;
using EfQat.Models;
using EfQat.Training;

namespace EfQat.Integer.Tests.Program;

public sealed class ProgramFileTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory();

    public void Dispose()
    {
        scope.Dispose();
        folder.Delete(recursive: true);
    }

    private string File(string name) => Path.Combine(folder.FullName, name);

    [Fact]
    public void Every_kind_of_step_comes_back()
    {
        var program = Steps.EveryKind();
        ProgramFile.Save(program, File("a"));
        var loaded = ProgramFile.Load(File("a"));
        ProgramFile.Save(loaded, File("b"));
        Assert.Equal(System.IO.File.ReadAllBytes(File("a")), System.IO.File.ReadAllBytes(File("b")));
        Assert.Equal(program.Origin, loaded.Origin);

        using IntegerSession one = new(program, KernelKind.Specification), other = new(loaded, KernelKind.Specification);
        float[] image = [.. Steps.Random(9 * 9 * 2).Select(code => (float)code)], expected = new float[4], logits = new float[4];
        one.Run(image, expected);
        other.Run(image, logits);
        Assert.Equal(expected, logits);
        Assert.Equal(4, logits.Distinct().Count());
    }

    [Theory, InlineData("W8A8", 3.9), InlineData("W7A7,first-last=7", 4.5), InlineData("W4A8", 7.7)]
    public void Weights_take_as_many_bits_as_they_have(string scheme, double least)
    {
        manual_seed(1);
        var model = ResNet.Create("resnet20", 1, 10);
        SafeTensors.Write(File("fp32"), model.state_dict(), new Dictionary<string, string>());
        var x = randn(2, 1, 32, 32);
        ProgramFile.Save(IntegerCompiler.Compile(Networks.Prepared(model, scheme, x), x), File("integers"));
        double ratio = (double)new FileInfo(File("fp32")).Length / new FileInfo(File("integers")).Length;
        Assert.InRange(ratio, least, 1.03 * least);
    }

    [Fact]
    public void A_file_cut_anywhere_is_an_error_that_names_it()
    {
        ProgramFile.Save(Steps.EveryKind(), File("a"));
        byte[] bytes = System.IO.File.ReadAllBytes(File("a"));
        for (int length = 0; length < bytes.Length; length += 7)
        {
            System.IO.File.WriteAllBytes(File("cut"), bytes[..length]);
            Assert.StartsWith(File("cut"), Assert.Throws<UserError>(() => ProgramFile.Load(File("cut"))).Message);
        }
    }

    [Theory]
    [InlineData((int[])[], 0), InlineData((int[])[5], 1), InlineData((int[])[-63, 63, 0, 12, 1], 5), InlineData((int[])[-3, 4, 4, 4], 2)]
    [InlineData((int[])[1 << 30, (1 << 30) + (3 << 7), (1 << 30) + (1 << 7)], 1), InlineData((int[])[int.MinValue, int.MaxValue, 0], 12)]
    [InlineData((int[])[-7, -7, -7, -7, -7, -7, -7, -7, -7], 2)]
    public void Integers_take_the_bits_they_need(int[] values, int size)
    {
        List<byte> bytes = [];
        PackedIntegers.Write(bytes, values);
        Assert.Equal(6 + size, bytes.Count);
        ReadOnlySpan<byte> rest = [.. bytes, 99];
        Assert.Equal(values, PackedIntegers.Read(ref rest, values.Length));
        Assert.Equal(1, rest.Length);
    }

    /// <summary>Of the first array, the convolution's weights: its smallest number is in bytes 0 to 3, then come what 2 divides it by, and its bits.</summary>
    [Theory, InlineData(3, 1, "overflow"), InlineData(4, 32, "shifted by 32"), InlineData(5, 0, "numbers of 0 bits")]
    [InlineData(5, 33, "numbers of 33 bits"), InlineData(5, 32, "end early"), InlineData(5, 4, "")]
    public void Packed_integers_that_make_no_sense_are_an_error(int place, byte value, string message)
    {
        ProgramFile.Save(Steps.EveryKind(), File("a"));
        var (tensors, metadata) = SafeTensors.Read(File("a"));
        tensors["integers"].bytes[place] = value;
        SafeTensors.Write(File("b"), tensors, metadata);
        Assert.Matches($"^{File("b")}: damaged.*{message}", Assert.Throws<UserError>(() => ProgramFile.Load(File("b"))).Message);
    }

    [Fact]
    public void A_file_of_another_version_is_to_be_compiled_again()
    {
        SafeTensors.Write(File("old"), new Dictionary<string, Tensor> { ["w"] = zeros(3) }, new Dictionary<string, string> { ["format"] = "efqat-integer-2" });
        Assert.Contains("(efqat-integer-2; here efqat-integer-3); compile it again", Assert.Throws<UserError>(() => ProgramFile.Load(File("old"))).Message);
    }

    [Fact]
    public void A_file_of_another_kind_is_an_error()
    {
        SafeTensors.Write(File("weights"), new Dictionary<string, Tensor> { ["w"] = zeros(3) }, new Dictionary<string, string>());
        Assert.Contains("no integer program; write one with 'efqat integer compile", Assert.Throws<UserError>(() => ProgramFile.Load(File("weights"))).Message);
    }

    [Theory]
    [InlineData("Shortcut", "Shortcat", "a step of kind 'Shortcat'")]
    [InlineData("Shortcut shortcut 0 1 1 2 7", "Shortcut shortcut 5 1 1 2 7", "damaged")] // reads a later step
    [InlineData("Shortcut shortcut 0 1 1 2 7", "Shortcut shortcut 0 1 1 2", "ends early")]
    [InlineData("Shortcut shortcut 0 1 1 2 7", "Shortcut shortcut 0 1 1 2 7 8", "too many")]
    [InlineData("Shortcut shortcut 0 1 1 2 7", "Shortcut shortcut 0 1 1 3 7", "damaged")] // too wide to be added
    [InlineData("Shortcut shortcut 0 1 1 2 7", "Shortcut shortcut 0 1 1 2 700", "damaged")]
    [InlineData("9 9 2", "9 99999999 99999999", "damaged")]
    [InlineData("9 9 2", "9 -9 2", "damaged")]
    [InlineData("3 3 2 0 True", "3 3 2 3 True", "maximum: the window does not fit")] // the first window would lie in the padding
    [InlineData("2 2 2 0 False", "2 2 2 2 False", "average: the window does not fit")]
    public void Steps_that_make_no_sense_are_an_error(string text, string other, string message)
    {
        ProgramFile.Save(Steps.EveryKind(), File("a"));
        var (tensors, metadata) = SafeTensors.Read(File("a"));
        Assert.Contains(text, metadata["steps"]);
        metadata["steps"] = metadata["steps"].Replace(text, other);
        SafeTensors.Write(File("b"), tensors, metadata);
        Assert.Contains(message, Assert.Throws<UserError>(() => ProgramFile.Load(File("b"))).Message);
    }
}
