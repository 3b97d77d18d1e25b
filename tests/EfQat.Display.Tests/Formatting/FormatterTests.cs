namespace EfQat.Display.Tests.Formatting;

[Collection("one page")]  // which chart brings plotly.js is the process' business, so these take turns
public sealed class FormatterTests : IDisposable
{
    record Point(int X, double Y);

    class Circle : IDisposable
    {
        public void Dispose() { }

        public override string ToString() => "a circle";
    }

    sealed class BigCircle : Circle;

    sealed class Thrower
    {
        public int Fine => 1;

        public int Broken => throw new NotSupportedException("not here");
    }

    public void Dispose() => Formatter.Reset();

    static string? Plain(object? value) => Formatter.Format(value)["text/plain"];

    static string? Html(object? value) => Formatter.Format(value)["text/html"];

    [Fact]
    public void Scalars_are_plain_text_in_every_culture()
    {
        Assert.Equal("null", Plain(null));
        Assert.Equal("1.5", Plain(1.5));
        Assert.Equal("text", Plain("text"));
        Assert.Equal("Monday", Plain(DayOfWeek.Monday));
        Assert.Null(Html(1.5));
    }

    [Fact]
    public void Collections_are_tables_of_items_or_of_their_properties()
    {
        Assert.Equal("[1, 2, 3]", Plain(new[] { 1, 2, 3 }));
        Assert.Contains("<th>Index</th><th>Value</th>", Html(new[] { "a" }));
        Assert.Contains("<th>X</th><th>Y</th>", Html(new[] { new Point(1, 2.5) }));
        Assert.Contains("<td style=\"text-align: right\">2.5</td>", Html(new[] { new Point(1, 2.5) }));
        Assert.Contains("<td style=\"text-align: left\">key</td>", Html(new Dictionary<string, int> { ["key"] = 1 }));
        Assert.Equal("{ key: 1 }".Replace("key", "\"key\""), Plain(new Dictionary<string, int> { ["key"] = 1 }));
    }

    [Fact]
    public void Endless_sequences_and_deep_nesting_are_cut()
    {
        static IEnumerable<int> Endless()
        {
            for (int i = 0; ; i++) yield return i;
        }
        Assert.EndsWith("18, 19, …]", Plain(Endless()));
        Assert.Contains("more than 50 rows", Html(Endless()));
        Assert.Equal("[[[[…]]]]", Plain(new[] { new[] { new[] { new[] { 1 } } } }));
    }

    [Fact]
    public void Objects_show_their_properties_and_a_property_that_throws_says_so()
    {
        Assert.Contains("NotSupportedException: not here", Html(new Thrower()));
        Assert.Contains("<td style=\"text-align: right\">1</td>", Html(new Thrower()));
        Assert.Equal("a circle", Plain(new Circle()));
        Assert.Null(Html(new Circle()));
    }

    [Fact]
    public void Text_is_escaped() => Assert.Contains("&lt;script&gt;", Html(new[] { "<script>" }));

    [Fact]
    public void The_formatter_of_the_nearest_type_wins()
    {
        Formatter.Register<IDisposable>(_ => "disposable");
        Assert.Equal("disposable", Html(new BigCircle()));
        Formatter.Register<Circle>(_ => "<b>circle</b>");
        Assert.Equal(("<b>circle</b>", "a circle"), (Html(new BigCircle()), Plain(new BigCircle())));
    }

    [Fact]
    public void A_formatter_that_throws_is_reported_in_its_place()
    {
        Formatter.Register<Circle>((Func<Circle, string>)(_ => throw new InvalidOperationException("broken")));
        Assert.Equal("Circle cannot be shown: InvalidOperationException: broken", Plain(new Circle()));
    }

    [Fact]
    public void Charts_come_as_plotly_with_their_title_as_text()
    {
        var forms = Chart.Line<double, double, string>([1.0, 2.0], [3.0, 4.0]).WithTitle("Loss").ToMimeBundle().ToJson();
        Assert.Equal("Loss: scatter", (string?)forms["text/plain"]);
        Assert.Equal(2, forms["application/vnd.plotly.v1+json"]!["data"]![0]!["x"]!.AsArray().Count);
    }
}
