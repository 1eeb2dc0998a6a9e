"""The program of docs/coming-from-pytorch.md. Arguments: photographs in train|test/CLASS/, and a folder to write."""

import sys

import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import DataLoader, random_split
from torchvision import transforms
from torchvision.datasets import ImageFolder

folder, run = sys.argv[1:]
photo = f"{folder}/test/a/0.png"
torch.manual_seed(1)
# region data
resize = [transforms.Resize(64), transforms.CenterCrop(64)]
plain = transforms.Compose(resize + [transforms.ToTensor()])
augmented = transforms.Compose(resize + [
    transforms.RandomCrop(64, padding=4, padding_mode="reflect"),
    transforms.RandomHorizontalFlip(), transforms.ToTensor()])
train, validation = random_split(
    ImageFolder(f"{folder}/train", augmented), [0.9, 0.1])
validation.dataset = ImageFolder(f"{folder}/train", plain)
test = ImageFolder(f"{folder}/test", plain)
batches = DataLoader(train, batch_size=32, shuffle=True)
# endregion
# region network
classes = len(test.classes)
model = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16),
    nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2),
    nn.Linear(32, classes))
# endregion
# region recipe
loss = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(
    model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=0.1, total_steps=10 * len(batches))
# endregion


# region evaluate
def accuracy(images):
    model.eval()
    with torch.inference_mode():
        right = sum((model(x).argmax(1) == y).sum().item()
                    for x, y in DataLoader(images, batch_size=32))
    model.train()
    return right / len(images)
# endregion


# region training
best = 0
for epoch in range(10):
    for x, y in batches:
        optimizer.zero_grad()
        step_loss = loss(model(x), y)
        step_loss.backward()
        optimizer.step()
        schedule.step()
    validated = accuracy(validation)
    print(epoch, step_loss.item(), validated)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict()}, f"{run}/last.pt")
    if validated >= best:
        best = validated
        save_file(model.state_dict(), f"{run}/best.safetensors")
print(accuracy(test))
# endregion
# region saving
save_file(model.state_dict(), f"{run}/model.safetensors")
model.load_state_dict(load_file(f"{run}/model.safetensors"))
# endregion
# region prediction
model.eval()
image = plain(Image.open(photo).convert("RGB"))
with torch.inference_mode():
    probabilities = model(image.unsqueeze(0)).softmax(1)[0]
print(test.classes[probabilities.argmax()], probabilities.max().item())
# endregion
# region export
program = torch.export.export(model, (image.unsqueeze(0),))
torch.export.save(program, f"{run}/model.pt2")
# endregion
