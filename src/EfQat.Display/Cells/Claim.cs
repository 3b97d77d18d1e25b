using System.Net;

namespace EfQat.Display;

/// <summary>What a lesson says is checked where it is said.</summary>
public static class Claim
{
    /// <summary>Shows the claim with a tick where it holds, and fails the cell where it does not.</summary>
    /// <param name="what">The claim, a short sentence.</param>
    /// <param name="holds">Whether it holds.</param>
    /// <exception cref="InvalidOperationException">It does not hold.</exception>
    public static void claim(string what, bool holds)
    {
        if (!holds) throw new InvalidOperationException($"this claim does not hold: {what}");
        Notebook.display(MimeBundle.Html($"<span style=\"color: #2e8b57\">✓</span> {WebUtility.HtmlEncode(what)}", $"✓ {what}"));
    }
}
