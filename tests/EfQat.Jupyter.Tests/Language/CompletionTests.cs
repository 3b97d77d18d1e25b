using EfQat.Jupyter.Language;

namespace EfQat.Jupyter.Tests.Language;

/// <summary>The order of completions: what fits the place comes first.</summary>
public sealed class CompletionTests
{
    readonly NotebookSession session = new();

    public CompletionTests() => Assert.Null(session.Show(
        """
        int sampleCount = 3;
        double[] sampleValues = { 1, 2 };
        string sampleName = "a";
        void Save(string path, double[] samples, bool overwrite = false) { }
        """));

    [Theory]
    [InlineData("sam", "sampleCount", "sampleName", "sampleValues")]
    [InlineData("string title = sam", "sampleName", "sampleCount", "sampleValues")]
    [InlineData("sampleValues = sam", "sampleValues", "sampleCount", "sampleName")]
    [InlineData("Save(sam", "sampleName", "sampleCount", "sampleValues", "samples:")]
    [InlineData("Save(\"a\", sam", "sampleValues", "sampleCount", "sampleName", "samples:")]
    [InlineData("Save(\"a\", sampleValues, over", "overwrite:", "override")]
    public void Values_of_the_type_come_first(string code, params string[] matches) => 
        Assert.Equal(matches, At(code).Take(matches.Length));

    [Fact]
    public void Members_of_the_type_come_first_and_every_objects_last()
    {
        var numbers = At("int n = sampleName.");
        Assert.True(numbers.IndexOf("Length") < numbers.IndexOf("Contains"));
        Assert.Equal(["Equals", "GetHashCode", "GetType", "ToString"], At("new object().").Order());
        var members = At("new Exception().");
        Assert.True(members.IndexOf("Message") < members.IndexOf("Equals"));
    }

    [Fact]
    public void After_new_stand_types_that_can_be_created()
    {
        Assert.Equal("StringBuilder", At("StringBuilder text = new Str")[0]);
        Assert.DoesNotContain("Stream", At("new Str")); // abstract
        Assert.DoesNotContain("sampleCount", At("new sam"));
    }

    List<string> At(string code) => [.. Completions.At(session.CSharp, code, code.Length).Matches];
}
