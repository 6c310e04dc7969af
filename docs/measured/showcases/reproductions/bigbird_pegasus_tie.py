"""Ask whether the head is tied."""

from transformers import BigBirdPegasusConfig, BigBirdPegasusForCausalLM

config = BigBirdPegasusConfig(
    vocab_size=128,
    d_model=64,
    decoder_layers=1,
    decoder_attention_heads=4,
    decoder_ffn_dim=96,
)
model = BigBirdPegasusForCausalLM(config)
print("tie_word_embeddings", config.tie_word_embeddings)
head, table = model.get_output_embeddings(), model.get_input_embeddings()
print("one weight:", head.weight is table.weight)
