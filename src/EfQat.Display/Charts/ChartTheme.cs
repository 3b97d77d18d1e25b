namespace EfQat.Display;

/// <summary>The looks that all charts share, light and dark.</summary>
/// <param name="Ink">Titles and texts.</param>
/// <param name="Soft">Axis titles, tick labels, legend.</param>
/// <param name="Grid">Grid lines.</param>
/// <param name="Line">Axis lines.</param>
/// <param name="Paper">What a static picture lies on.</param>
sealed record ChartTheme(string Ink, string Soft, string Grid, string Line, string Paper)
{
    public static readonly string[] Colorway =
        ["#3f7fd1", "#1e8f5a", "#e0892f", "#8a63c9", "#d1495b", "#57b894", "#9bb83b", "#8b9099"];

    public static readonly ChartTheme Light = new("#1f2328", "#59636e", "#e9edf1", "#b6bec7", "#ffffff");

    public static readonly ChartTheme Dark = new("#e3e7ec", "#97a1ad", "#2a3037", "#4a525c", "#14171b");

    /// <summary>The style sheet of a static picture.</summary>
    public static string Style =>
        "text{font:12px system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif}.title{font-size:16px;font-weight:600}.name{font-size:13px}" +
        $"{Light.Rules}@media (prefers-color-scheme:dark){{{Dark.Rules}}}";

    string Rules => $".ink{{fill:{Ink}}}.soft{{fill:{Soft}}}.grid{{stroke:{Grid}}}.axis{{stroke:{Line}}}.paper{{fill:{Paper}}}";
}
