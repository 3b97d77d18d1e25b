using System.Text.Json.Nodes;

namespace EfQat.Display;

/// <summary>The looks that all charts share. Figures stay free of them: a template of plotly.js, or a style sheet, carries them.</summary>
/// <param name="Ink">Titles and texts.</param>
/// <param name="Soft">Axis titles, tick labels, legend.</param>
/// <param name="Grid">Grid lines.</param>
/// <param name="Line">Axis lines.</param>
/// <param name="Paper">What labels and static pictures lie on.</param>
sealed record ChartTheme(string Ink, string Soft, string Grid, string Line, string Paper)
{
    public static readonly string[] Colorway =
        ["#3f7fd1", "#1e8f5a", "#e0892f", "#8a63c9", "#d1495b", "#57b894", "#9bb83b", "#8b9099"];

    public static readonly ChartTheme Light = new("#1f2328", "#59636e", "#e9edf1", "#b6bec7", "#ffffff");

    public static readonly ChartTheme Dark = new("#e3e7ec", "#97a1ad", "#2a3037", "#4a525c", "#14171b");

    /// <summary>For pages whose colours are unknown: readable on light and on dark.</summary>
    public static readonly ChartTheme Neutral = new("#7d8590", "#7d8590", "rgba(128,136,148,0.22)", "#8b949e", "#ffffff");

    /// <summary>The style sheet of a static picture.</summary>
    public static string Style =>
        "text{font:12px system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif}.title{font-size:16px;font-weight:600}.name{font-size:13px}" +
        $"{Light.Rules}@media (prefers-color-scheme:dark){{{Dark.Rules}}}";

    /// <summary>Both templates as a script, <c>templates.light</c> and <c>templates.dark</c>.</summary>
    public static string Script =>
        $"const templates = {new JsonObject { ["light"] = Light.Template(), ["dark"] = Dark.Template() }.ToJsonString(Json.Line)};\n";

    /// <summary>The template of plotly.js.</summary>
    public JsonObject Template()
    {
        object Axis(bool isX) => new
        {
            gridcolor = Grid, linecolor = Line, zerolinecolor = Line, zerolinewidth = 1, showgrid = !isX, showline = isX,
            ticks = "outside", ticklen = 4, tickcolor = Line, tickfont = new { color = Soft },
            title = new { font = new { color = Soft, size = 13 }, standoff = 12 }, automargin = true,
        };
        const string clear = "rgba(0,0,0,0)";
        return new JsonObject()
            .Set("layout", new
            {
                font = new { size = 13, color = Ink },
                title = new { font = new { size = 16 }, x = 0, xref = "paper", xanchor = "left", y = 1, yanchor = "top", pad = new { t = 12 } },
                paper_bgcolor = clear, plot_bgcolor = clear, colorway = Colorway,
                xaxis = Axis(isX: true), yaxis = Axis(isX: false),
                legend = new { orientation = "h", x = 0, y = 0, yref = "container", yanchor = "bottom", font = new { color = Soft } },
                hoverlabel = new { bgcolor = Paper, bordercolor = Line, font = new { color = Ink } },
                margin = new { l = 56, r = 16, t = 44, b = 48 }, bargap = 0.35, bargroupgap = 0.08,
                modebar = new { bgcolor = clear, color = Line, activecolor = Soft },
                annotationdefaults = new { font = new { color = Ink } },
            })
            .Set("data.scatter", new[] { new { cliponaxis = false, line = new { width = 2.5 }, marker = new { size = 7 } } })
            .Set("data.bar", new[] { new { marker = new { line = new { width = 0 } }, textfont = new { color = Ink }, cliponaxis = false } })
            .Set("data.heatmap", new[] { new { colorbar = new { outlinewidth = 0, thickness = 12 }, xgap = 1, ygap = 1 } });
    }

    string Rules => $".ink{{fill:{Ink}}}.soft{{fill:{Soft}}}.grid{{stroke:{Grid}}}.axis{{stroke:{Line}}}.paper{{fill:{Paper}}}";
}
