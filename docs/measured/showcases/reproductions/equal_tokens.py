"""Print the tokens of YOLOS and GroupViT, and the boxes that YOLOS predicts."""

import torch
from transformers import (
    GroupViTVisionConfig,
    GroupViTVisionModel,
    YolosConfig,
    YolosForObjectDetection,
)

torch.manual_seed(0)
small = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4}
config = YolosConfig(**small, num_hidden_layers=2, image_size=[32, 32])
model = YolosForObjectDetection(config).eval()
tokens = model.vit.embeddings.detection_tokens
print("YOLOS", tuple(tokens.shape), "largest", tokens.abs().max().item())
boxes = model(torch.randn(1, 3, 32, 32)).pred_boxes[0]
apart = (boxes - boxes[0]).abs().max().item()
print(len(boxes), "boxes, farthest from the first", apart)
group = GroupViTVisionModel(GroupViTVisionConfig(**small))
for stage in group.vision_model.encoder.stages:
    if (tokens := stage.group_token) is not None:
        largest = tokens.abs().max().item()
        print("GroupViT", tuple(tokens.shape), "largest", largest)
