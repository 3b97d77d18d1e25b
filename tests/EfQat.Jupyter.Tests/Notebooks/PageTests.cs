using System.Text.Json.Nodes;
using EfQat.Jupyter.Notebooks;
using EfQat.Jupyter.Notebooks.Html;

namespace EfQat.Jupyter.Tests.Notebooks;

/// <summary>The exported page, as text; what a browser makes of it is tested with the browser.</summary>
public sealed class PageTests : NotebookTest
{
    string Page(params JsonObject[] cells) => NotebookPage.Of(NotebookFile.Read(Write(cells)));

    static JsonObject WithOutput(JsonObject output)
    {
        var cell = Code("1");
        cell["outputs"] = new JsonArray(output);
        return cell;
    }

    static JsonObject Display(params (string MimeType, JsonNode Form)[] forms) => WithOutput(new()
    {
        ["output_type"] = "display_data",
        ["metadata"] = new JsonObject(),
        ["data"] = new JsonObject(forms.Select(f => KeyValuePair.Create(f.MimeType, (JsonNode?)f.Form))),
    });

    [Fact]
    public void Headings_make_the_title_and_a_table_of_contents_whose_links_arrive()
    {
        var page = Page(Text("markdown", "# A *title* & more"), Text("markdown", "## One `step`\n### Deep\n"), Text("markdown", "## One step"));
        Assert.Contains("<title>A title &amp; more</title>", page);
        Assert.Contains("<li class=\"level2\"><a href=\"#one-step\">One step</a></li>\n<li class=\"level3\"><a href=\"#deep\">Deep</a></li>\n<li class=\"level2\"><a href=\"#one-step-1\">", page);
        Assert.Contains("<h2 id=\"one-step\">", page);
        Assert.Contains("<h2 id=\"one-step-1\">", page);
    }

    [Fact]
    public void Formulas_keep_their_source_and_bring_KaTeX_with_its_fonts_only_where_there_are_some()
    {
        var page = Page(Text("markdown", "a $x_i < y_i$ b\n\n$$\\sum_i x_i$$\n\n$$\n\\frac{1}{2}\n$$"));
        Assert.Contains("a <span class=\"math\">x_i &lt; y_i</span> b", page);
        Assert.Contains("<span class=\"math display\">\\sum_i x_i</span>", page);
        Assert.Contains("<span class=\"math display\">\\frac{1}{2}</span>", page);
        Assert.Contains("katex.render(", page);
        Assert.Contains("src:url(data:font/woff2;base64,d09GMg", page); // "wOF2", how such a font begins
        Assert.DoesNotContain("url(fonts/", page);
        Assert.DoesNotContain("katex", Page(Text("markdown", "costs 5 $")));
    }

    [Theory]
    [InlineData("so $s =\n\\max(|x|)$.", "so <span class=\"math\">s =\n\\max(|x|)</span>.")]
    [InlineData("so $$a\n_i b_i$$.", "so <span class=\"math display\">a\n_i b_i</span>.")]
    [InlineData("5 $ or\n6 $ more", "5 $ or\n6 $ more")]
    [InlineData("`$a\n$` \\$b\nc$", "<code>$a $</code> $b\nc$")]
    public void A_formula_may_go_on_in_the_next_line(string markdown, string html) => Assert.Contains($"<p>{html}</p>", Page(Text("markdown", markdown)));

    [Fact]
    public void Code_is_coloured_and_encoded()
    {
        var page = Page(Code("// why\nvar t = Math.Max(1, \"<\".Length);"));
        Assert.Contains(
            "<span class=\"comment\">// why</span>\n<span class=\"keyword\">var</span> t = <span class=\"type\">Math</span>.<span class=\"method\">Max</span>" +
            "(<span class=\"number\">1</span>, <span class=\"string\">&quot;&lt;&quot;</span>.Length);", page);
    }

    [Fact]
    public void Code_in_any_language_loses_no_character()
    {
        const string source = "#!fsharp\nlet a = [ 1 ]\n\n";
        Assert.Contains($"<code>{source}</code>", Page(Code(source)));
        const string broken = "#r \"nuget: X\"\nint a = ;;; {{ $\"{1 + 1}\" 'x @ # /* open";
        var text = System.Text.RegularExpressions.Regex.Replace(CodeHtml.Of(broken), "<[^>]+>", "");
        Assert.Equal(broken, System.Net.WebUtility.HtmlDecode(text));
    }

    [Fact]
    public void An_output_is_shown_in_its_richest_form()
    {
        Assert.Contains("<div><b>rich</b></div>", Page(Display(("text/plain", "poor"), ("text/html", new JsonArray("<b>", "rich</b>")))));
        Assert.Contains("<div><pre>a &lt; b</pre></div>", Page(Display(("text/plain", "a < b"), ("application/x.unknown+json", new JsonObject()))));
        Assert.Contains("<em>x</em>", Page(Display(("text/markdown", "*x*"), ("text/plain", "*x*"))));
        Assert.Contains("src=\"data:image/png;base64,AAAA\"", Page(Display(("image/png", "AAAA\n"))));
    }

    [Fact]
    public void Terminal_colours_become_spans_and_rewritten_lines_show_their_last_state()
    {
        var page = Page(WithOutput(new() { ["output_type"] = "stream", ["name"] = "stdout", ["text"] = "\u001b[1;31mred <\u001b[0m\u001b[2K plain\n10 %\r20 %\r\n" }));
        Assert.Contains("<pre class=\"stdout\"><span class=\"ansi-bold ansi-red\">red &lt;</span> plain\n20 %\r\n</pre>", page);
    }

    [Fact]
    public void Errors_show_their_trace() => Assert.Contains(
        "<pre class=\"error\"><span class=\"ansi-red\">Oops</span>: no\nat 1</pre>",
        Page(WithOutput(new() { ["output_type"] = "error", ["ename"] = "Oops", ["evalue"] = "no", ["traceback"] = new JsonArray("\u001b[31mOops\u001b[0m: no", "at 1") })));

    [Fact]
    public void Pictures_move_into_the_page()
    {
        File.WriteAllText(Path.Combine(Folder, "a b.svg"), "<svg/>");
        var cell = Text("markdown", "![one](a%20b.svg) ![two](attachment:t.png) ![none](none.png)");
        cell["attachments"] = new JsonObject { ["t.png"] = new JsonObject { ["image/png"] = "AAAA" } };
        var page = Page(cell);
        Assert.Contains("<img src=\"data:image/svg+xml;base64,PHN2Zy8+\" alt=\"one\"", page);
        Assert.Contains("<img src=\"data:image/png;base64,AAAA\" alt=\"two\"", page);
        Assert.Contains("src=\"none.png\"", page);
    }
}
