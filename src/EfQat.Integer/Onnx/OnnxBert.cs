using EfQat.Models;
using EfQat.Quantization;
using TorchSharp.Modules;

namespace EfQat.Integer.Onnx;

/// <summary>
/// The graph of a BERT, node by node what the forward functions of <see cref="Bert"/> and its heads do. Inputs: input_ids, token_type_ids and
/// attention_mask, int64 // [N, L]. Output: logits // [N, classes] or [N, L, 2]
/// </summary>
internal sealed class OnnxBert(nn.Module model)
{
    private readonly OnnxGraph graph = new();
    private readonly Dictionary<string, nn.Module> modules = model.named_modules().ToDictionary(pair => pair.name, pair => pair.module);

    public ModelProto Export(IReadOnlyDictionary<string, string> metadata)
    {
        if (model is not (BertForSequenceClassification or BertForQuestionAnswering))
            throw new UserError($"{model.GetName()}: a BERT is exported with its head; use BertForSequenceClassification or BertForQuestionAnswering");
        string Tokens(string name) => graph.Input(name, TensorProto.Types.DataType.Int64, "N", "L");
        var (ids, types, mask) = (Tokens("input_ids"), Tokens("token_type_ids"), Tokens("attention_mask"));
        string padding = Padding(mask), x = Embeddings("bert.embeddings", ids, types);
        for (int i = 0; modules.ContainsKey($"bert.encoder.layer.{i}"); i++) x = Layer($"bert.encoder.layer.{i}", x, padding);
        if (model is BertForQuestionAnswering) return graph.Model(Linear("qa_outputs", x), "logits", ["N", "L", 2], metadata);
        string first = graph.Add("Gather", "bert.pooler.token", [x, graph.Add(OnnxTensor.Integers("bert.pooler.first", 0))], OnnxAttribute.Of("axis", 1));
        first = graph.Add("Squeeze", "bert.pooler.input", [first, Axes(1)]);                       // [N, hidden]
        string pooled = graph.Add("Tanh", "bert.pooler", [Linear("bert.pooler.dense", first)]);
        long classes = Module<QuantizedLayer>("classifier").CompleteWeight.shape[0];
        return graph.Model(Linear("classifier", pooled), "logits", ["N", classes], metadata);
    }

    /// <summary>True where nothing may look. // [N, 1, 1, L]</summary>
    private string Padding(string mask) => graph.Add(
        "Unsqueeze", "padding",
        [graph.Add("Equal", "padding.tokens", [mask, graph.Add(OnnxTensor.Integers("padding.zero", 0))]), Axes(1, 2)]);

    private string Embeddings(string name, string ids, string types)
    {
        string Table(string table) => graph.Add(OnnxTensor.Floats($"{name}.{table}.weight", Module<Embedding>($"{name}.{table}").weight!));
        string Rows(string table, string indices) => graph.Add("Gather", $"{name}.{table}", [Table(table), indices]);
        string length = graph.Add("Shape", $"{name}.length", [ids], OnnxAttribute.Of("start", 1), OnnxAttribute.Of("end", 2));
        string positions = graph.Add(
            "Slice", $"{name}.positions", [Table("position_embeddings"), graph.Add(OnnxTensor.Integers($"{name}.start", 0)), length, Axes(0)]);  // [L, hidden]
        string x = graph.Add("Add", $"{name}.words_and_types", [Rows("word_embeddings", ids), Rows("token_type_embeddings", types)]);
        return Normalized($"{name}.LayerNorm", graph.Add("Add", $"{name}.sum", [x, positions]));    // [N, L, hidden]
    }

    private string Layer(string name, string x, string padding)
    {
        x = Output($"{name}.attention.output", Attention($"{name}.attention.self", x, padding), x);
        return Output($"{name}.output", Gelu($"{name}.intermediate", Linear($"{name}.intermediate.dense", x)), x);
    }

    /// <summary>LayerNorm(linear(x) + residual).</summary>
    private string Output(string name, string x, string residual) => Normalized(
        $"{name}.LayerNorm", graph.Add("Add", $"{name}.sum", [Linear($"{name}.dense", x), residual]));

    /// <summary>softmax(Q·Kᵀ / √d)·V in every head.</summary>
    private string Attention(string name, string x, string padding)
    {
        var attention = Module<BertSelfAttention>(name);
        var shared = Module<FakeQuantize>($"{name}.input");
        x = graph.Quantize($"{name}.input", x, shared);
        string split = graph.Add(OnnxTensor.Integers("attention.heads", 0, 0, attention.Heads, -1));
        string joined = graph.Add(OnnxTensor.Integers("attention.tokens", 0, 0, -1));
        string Transposed(string result, string input, params long[] order) => graph.Add("Transpose", result, [input], OnnxAttribute.Of("perm", order));
        string Heads(string part, params long[] order) =>
            Transposed($"{name}.{part}.heads", graph.Add("Reshape", $"{name}.{part}.split", [Product($"{name}.{part}", x, shared), split]), order);

        string scale = graph.Add(OnnxTensor.Float("attention.scale", (float)attention.Scale));
        string query = graph.Add("Mul", $"{name}.query.scaled", [Heads("query", 0, 2, 1, 3), scale]);          // [N, heads, L, d]
        string scores = graph.Add("MatMul", $"{name}.scores", [query, Heads("key", 0, 2, 3, 1)]);              // [N, heads, L, L]
        scores = graph.Add("Where", $"{name}.masked", [padding, graph.Add(OnnxTensor.Float("attention.lowest", float.MinValue)), scores]);
        string weights = graph.Add("Softmax", $"{name}.softmax", [scores], OnnxAttribute.Of("axis", -1));
        string mixed = graph.Add("MatMul", $"{name}.mixed", [weights, Heads("value", 0, 2, 1, 3)]);
        return graph.Add("Reshape", $"{name}.joined", [Transposed($"{name}.transposed", mixed, 0, 2, 1, 3), joined]);  // [N, L, hidden]
    }

    /// <summary>x/2 · (1 + erf(x/√2)); the operator Gelu would need operator set 20.</summary>
    private string Gelu(string name, string x)
    {
        string Constant(string part, double value) => graph.Add(OnnxTensor.Float($"gelu.{part}", (float)value));
        string erf = graph.Add("Erf", $"{name}.erf", [graph.Add("Div", $"{name}.scaled", [x, Constant("root", Math.Sqrt(2))])]);
        string sum = graph.Add("Add", $"{name}.shifted", [erf, Constant("one", 1)]);
        return graph.Add("Mul", name, [graph.Add("Mul", $"{name}.doubled", [x, sum]), Constant("half", 0.5)]);
    }

    private string Normalized(string name, string x)
    {
        var norm = Module<LayerNorm>(name);
        return graph.Add(
            "LayerNormalization", name,
            [x, graph.Add(OnnxTensor.Floats($"{name}.weight", norm.weight!)), graph.Add(OnnxTensor.Floats($"{name}.bias", norm.bias!))],
            OnnxAttribute.Of("axis", -1), OnnxAttribute.Of("epsilon", norm.eps));
    }

    private string Linear(string name, string x)
    {
        var quantizer = Module<QuantizedLayer>(name).Input!;
        return Product(name, graph.Quantize($"{name}.input", x, quantizer), quantizer);
    }

    private string Product(string name, string x, FakeQuantize quantizer) => OnnxProduct.Of(name, Module<QuantizedLayer>(name), x, quantizer.Scale).AddTo(graph);

    private string Axes(params long[] axes) => graph.Add(OnnxTensor.Integers($"axes.{string.Join('.', axes)}", axes));

    private T Module<T>(string name) where T : nn.Module => modules[name] as T
        ?? throw new UserError($"{name}: it is a {modules[name].GetType().Name}, not quantized; run Quantize.Prepare and Calibrate before the export");
}
