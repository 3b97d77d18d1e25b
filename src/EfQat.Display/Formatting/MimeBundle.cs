using System.Text.Json.Nodes;

namespace EfQat.Display;

/// <summary>One value in several forms, by MIME type; a front end shows the richest it knows. Unchangeable.</summary>
public sealed class MimeBundle
{
    readonly JsonObject forms;

    MimeBundle(JsonObject forms) => this.forms = forms;

    /// <summary>A bundle of one form.</summary>
    public static MimeBundle Of(string mimeType, string text) => new(new JsonObject { [mimeType] = text });

    /// <summary>Plain text, which every bundle should have.</summary>
    public static MimeBundle Plain(string text) => Of("text/plain", text);

    /// <summary>HTML, and the text for front ends without it.</summary>
    public static MimeBundle Html(string html, string plain) => Plain(plain).With("text/html", html);

    /// <summary>The same with one more form.</summary>
    /// <param name="mimeType">A type that ends in <c>json</c> takes JSON, any other a text.</param>
    /// <param name="form">The value in that form.</param>
    public MimeBundle With(string mimeType, JsonNode form)
    {
        var more = forms.Copy();
        more[mimeType] = form.DeepClone();
        return new(more);
    }

    /// <summary>The text in a form; null where the bundle lacks it.</summary>
    public string? this[string mimeType] => forms[mimeType]?.ToString();

    /// <summary>The forms as <c>{mime type: form}</c>.</summary>
    public JsonObject ToJson() => forms.Copy();
}

/// <summary>Something that knows how it is shown.</summary>
public interface IDisplayable
{
    /// <summary>The forms to choose from.</summary>
    MimeBundle ToMimeBundle();
}
